// SPDX-License-Identifier: Apache-2.0
/* Joins the tables of a process to the host's walker. */
#include "collect/copy_walk.h"

#include "unwind/walk.h"

struct place {
	const struct tables *tables;
	const struct space *space;
};

static bool find(void *data, uint64_t pc, const struct unwind_table **ret_table,
		 uint64_t *ret_vaddr)
{
	const struct place *place = data;

	return !tables_find(place->tables, place->space, pc, ret_table, ret_vaddr);
}

void copy_walk(const struct tables *tables, const struct space *space,
	       const struct ht_copy_event *copy, struct walked *ret)
{
	const struct ht_frame start = {.pc = copy->pc, .sp = copy->sp, .fp = copy->fp};
	const struct unwind_stack stack = {copy->sp - HT_RED_ZONE, copy->stack, copy->size};
	const struct unwind_finder finder = {find, &(struct place){tables, space}};

	ret->nr_pcs = unwind_walk(&start, &stack, &finder, ret->pcs, &ret->end);
}
