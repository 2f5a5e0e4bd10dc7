// SPDX-License-Identifier: Apache-2.0
/*
 * Any registers, any rules, any stack: the walker ends, within its limit, having read nothing but
 * the copy. The input is pc, sp, rbp, sixteen rules, and then the stack.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "unwind/table.h"
#include "unwind/walk.h"

#define STACK	 0x1000
#define CODE	 0x100000 /* 16 pages, a rule each; behind them 16 without a table */
#define NR_RULES 16

struct input {
	uint64_t pc, sp, fp;
	struct ht_rule rules[NR_RULES];
};

static void check(bool holds)
{
	if (!holds)
		abort();
}

static bool find(void *data, uint64_t pc, const struct unwind_table **ret_table,
		 uint64_t *ret_vaddr)
{
	if (pc < CODE || pc >= CODE + 2 * NR_RULES * 4096)
		return false;
	*ret_table = pc < CODE + NR_RULES * 4096 ? data : NULL;
	*ret_vaddr = pc - CODE;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t rows[NR_RULES], pages[NR_RULES * 4], pcs[HT_MAX_FRAMES], vaddr;
	const struct unwind_table *where;
	enum ht_stack_end end = HT_NR_STACK_ENDS;
	struct unwind_stack stack;
	struct input input;
	uint32_t nr;

	if (size < sizeof(input))
		return 0;
	memcpy(&input, data, sizeof(input));
	for (uint32_t i = 0; i < NR_RULES; i++)
		rows[i] = HT_ROW(i * 4096, i);
	for (uint32_t i = 0; i < NR_RULES * 4; i++)
		pages[i] = HT_PAGE(i / 4, i / 4);
	struct unwind_table table = {
		.size = NR_RULES * 4096,
		.nr_rows = NR_RULES,
		.nr_pages = NR_RULES * 4,
		.nr_rules = NR_RULES,
		.rows = rows,
		.pages = pages,
		.rules = input.rules,
	};
	const struct unwind_finder finder = {find, &table};

	stack = (struct unwind_stack){STACK, data + sizeof(input), size - sizeof(input)};
	for (uint32_t exact = 0; exact < 2; exact++) {
		const struct ht_frame start = {input.pc, input.sp, input.fp, exact, 0};

		nr = unwind_walk(&start, &stack, &finder, pcs, &end);
		check(nr >= 1 && nr <= HT_MAX_FRAMES && pcs[0] == input.pc);
		check(end < HT_NR_STACK_ENDS);
		check(end != HT_STACK_truncated || nr == HT_MAX_FRAMES);
		for (uint32_t i = 1; i < nr; i++)
			check(find(&table, pcs[i], &where, &vaddr) ||
			      find(&table, pcs[i] - 1, &where, &vaddr));
	}
	return 0;
}
