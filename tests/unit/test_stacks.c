// SPDX-License-Identifier: Apache-2.0
/*
 * The stacks of the sites: kept by site, with the mapping of each address, and not changed by
 * anything later.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "collect/stacks.h"
#include "proc/space.h"

#define EPOCH 3

/* Return addresses lie behind the call: one past the last byte of a mapping still belongs to it. */
static struct ht_stack_event make_event(uint32_t site, const uint64_t *pcs, uint8_t nr)
{
	struct ht_stack_event event = {
		.head = {.event = {.kind = HT_EVENT_STACK, .tgid = 77, .epoch = EPOCH},
			 .site = site,
			 .nr_pcs = nr,
			 .end = HT_STACK_bad_fp,
			 .probe = 5},
	};

	memcpy(event.pcs, pcs, nr * sizeof(*pcs));
	return event;
}

static void test_by_site(void **state)
{
	const uint64_t pcs[] = {0x1001, 0x2002, 0x3003}, other[] = {0x9009};
	struct ht_stack_event event = make_event(1000, pcs, 3), again = make_event(1000, other, 1);
	const struct stack *stack;
	struct stacks stacks = {0};

	(void)state;
	assert_null(stacks_at(&stacks, 0));
	assert_int_equal(stacks_add(&stacks, &event, NULL), 0);
	stack = stacks_at(&stacks, 1000);
	assert_non_null(stack);
	assert_int_equal(stack->tgid, 77);
	assert_int_equal(stack->epoch, EPOCH);
	assert_int_equal(stack->probe, 5);
	assert_int_equal(stack->end, HT_STACK_bad_fp);
	assert_int_equal(stack->nr, 3);
	assert_memory_equal(stack->pcs, pcs, sizeof(pcs));
	for (int i = 0; i < 3; i++)
		assert_int_equal(stack->mappings[i], SPACE_NONE);
	assert_null(stacks_at(&stacks, 999));
	assert_null(stacks_at(&stacks, 1001));
	assert_null(stacks_at(&stacks, UINT32_MAX));
	/* a site has one stack: the first */
	assert_int_equal(stacks_add(&stacks, &again, NULL), 0);
	assert_memory_equal(stacks_at(&stacks, 1000)->pcs, pcs, sizeof(pcs));
	stacks_done(&stacks);
	assert_null(stacks_at(&stacks, 1000));
	stacks_done(&stacks);
}

/* Sites come in any order; growing loses none. The deepest stack fits. */
static void test_many(void **state)
{
	enum { NR = 3000 };
	uint64_t pcs[HT_MAX_FRAMES];
	struct stacks stacks = {0};

	(void)state;
	for (uint32_t i = 0; i < NR; i++) {
		uint32_t site = 1 + i * 7919 % NR;
		struct ht_stack_event event;

		for (int k = 0; k < HT_MAX_FRAMES; k++)
			pcs[k] = ((uint64_t)site << 32) + k;
		event = make_event(site, pcs, 1 + site % HT_MAX_FRAMES);
		assert_int_equal(stacks_add(&stacks, &event, NULL), 0);
	}
	for (uint32_t site = 1; site <= NR; site++) {
		const struct stack *stack = stacks_at(&stacks, site);

		assert_non_null(stack);
		assert_int_equal(stack->nr, 1 + site % HT_MAX_FRAMES);
		assert_true(stack->pcs[0] == (uint64_t)site << 32);
		assert_true(stack->pcs[stack->nr - 1] == ((uint64_t)site << 32) + stack->nr - 1);
	}
	stacks_done(&stacks);
}

/* Each address has the mapping it is given with, whatever is there later. */
static void test_bound(void **state)
{
	const uint64_t pcs[] = {0x1005, 0x2000, 1};
	const uint32_t mappings[] = {4, 0, SPACE_NONE};
	struct ht_stack_event event = make_event(2, pcs, 3);
	struct stacks stacks = {0};

	(void)state;
	assert_int_equal(stacks_add(&stacks, &event, mappings), 0);
	assert_memory_equal(stacks_at(&stacks, 2)->mappings, mappings, sizeof(mappings));
	assert_int_equal(stacks_replace(&stacks, 2, pcs, 2, mappings + 1), 0);
	assert_memory_equal(stacks_at(&stacks, 2)->mappings, mappings + 1, 2 * sizeof(*mappings));
	stacks_done(&stacks);
}

/* What came incomplete is replaced by the whole; a site that has none gets none. */
static void test_replaced(void **state)
{
	const uint64_t cut[] = {0x1001}, whole[] = {0x1001, 0x2002, 0x3003};
	struct ht_stack_event event = make_event(7, cut, 1);
	struct stacks stacks = {0};
	const struct stack *stack;

	(void)state;
	assert_int_equal(stacks_replace(&stacks, 7, whole, 3, NULL), 0);
	assert_null(stacks_at(&stacks, 7));
	assert_int_equal(stacks_add(&stacks, &event, NULL), 0);
	assert_int_equal(stacks_replace(&stacks, 7, whole, 3, NULL), 0);
	stack = stacks_at(&stacks, 7);
	assert_int_equal(stack->nr, 3);
	assert_memory_equal(stack->pcs, whole, sizeof(whole));
	assert_int_equal(stack->end, HT_STACK_complete);
	assert_int_equal(stack->probe, 5);
	assert_int_equal(stack->epoch, EPOCH);
	assert_null(stacks_at(&stacks, 8));
	stacks_done(&stacks);
}

static void test_end_names(void **state)
{
	(void)state;
	assert_string_equal(stack_end_name(HT_STACK_complete), "complete");
	assert_string_equal(stack_end_name(HT_STACK_bad_fp), "bad_fp");
	assert_string_equal(stack_end_name(HT_NR_STACK_ENDS), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_site),	  cmocka_unit_test(test_many),
		cmocka_unit_test(test_bound),	  cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_end_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
