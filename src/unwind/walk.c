// SPDX-License-Identifier: Apache-2.0
/* The loop around ht_unwind_step(): one lookup and one step a frame. */
#include "unwind/walk.h"

#include <string.h>

#include "unwind/table.h"

static int read_word(const struct unwind_stack *stack, __u64 address, __u64 *value)
{
	__u64 offset = address - stack->address;

	if (stack->size < sizeof(*value) || offset > stack->size - sizeof(*value))
		return -1;
	memcpy(value, (const char *)stack->bytes + offset, sizeof(*value));
	return 0;
}

#define HT_UNWIND_READER const struct unwind_stack
#define HT_UNWIND_READ	 read_word
#include "heaptap/unwind_step.h"

/* false: no mapping. */
static bool find_rule(const struct unwind_finder *finder, const struct ht_frame *frame,
		      struct ht_rule *ret)
{
	const struct unwind_table *table = NULL;
	uint64_t vaddr = 0;

	if (!finder->find(finder->data, frame->pc - !frame->exact, &table, &vaddr))
		return false;
	*ret = table ? unwind_table_lookup(table, vaddr)
		     : (struct ht_rule){.cfa_kind = HT_CFA_NONE};
	return true;
}

uint32_t unwind_walk(const struct ht_frame *start, const struct unwind_stack *stack,
		     const struct unwind_finder *finder, uint64_t pcs[HT_MAX_FRAMES],
		     enum ht_stack_end *ret_end)
{
	struct ht_frame frame = *start;
	struct ht_rule rule;
	uint32_t nr = 0;

	*ret_end = HT_STACK_truncated;
	while (nr < HT_MAX_FRAMES) {
		bool mapped = find_rule(finder, &frame, &rule);
		enum ht_step step;

		if (mapped || !nr)
			pcs[nr++] = frame.pc;
		if (!mapped) {
			*ret_end = HT_STACK_no_table;
			break;
		}
		step = ht_unwind_step(&frame, rule, stack);
		if (step != HT_STEP_CALLER) {
			*ret_end = ht_stack_end_of(step);
			break;
		}
	}
	return nr;
}
