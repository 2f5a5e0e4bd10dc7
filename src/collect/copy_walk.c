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

static enum ht_stack_end end_of(enum unwind_end end)
{
	static const enum ht_stack_end ends[] = {
		[UNWIND_COMPLETE] = HT_STACK_complete,
		[UNWIND_TRUNCATED] = HT_STACK_truncated,
		[UNWIND_NO_MAPPING] = HT_STACK_no_table,
		[UNWIND_BAD_RULE] = HT_STACK_bad_rule,
		[UNWIND_BAD_FP] = HT_STACK_bad_fp,
		[UNWIND_UNREADABLE] = HT_STACK_unreadable,
		[UNWIND_BACKWARDS] = HT_STACK_not_a_stack,
	};

	return ends[end];
}

void copy_walk(const struct tables *tables, const struct space *space,
	       const struct ht_copy_event *copy, struct walked *ret)
{
	const struct ht_frame start = {.pc = copy->pc, .sp = copy->sp, .fp = copy->fp};
	const struct unwind_stack stack = {copy->sp, copy->stack, copy->size};
	const struct unwind_finder finder = {find, &(struct place){tables, space}};
	enum unwind_end end;

	ret->nr_pcs = unwind_walk(&start, &stack, &finder, ret->pcs, &end);
	ret->end = end_of(end);
}
