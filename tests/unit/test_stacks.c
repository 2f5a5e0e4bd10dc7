// SPDX-License-Identifier: Apache-2.0
/*
 * The stacks of the sites: kept by site, bound to the mapping an address lies in at that moment,
 * and not changed by anything later.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "collect/stacks.h"
#include "mapped_files.h"

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

static char *map_new_file(const char *name)
{
	write_file(in_directory(name), name);
	return map_file(in_directory(name), 0);
}

static void test_bound(void **state)
{
	char *code = map_new_file("a");
	struct space *space = space_of(getpid());
	const uint64_t start = (uintptr_t)code;
	const uint64_t pcs[] = {start + 5, start + PAGE, start, 1};
	struct ht_stack_event event = make_event(2, pcs, 4);
	uint32_t index = space_find(space, start);
	const struct stack *stack;
	struct stacks stacks = {0};

	(void)state;
	assert_int_not_equal(index, SPACE_NONE);
	assert_int_equal(stacks_add(&stacks, &event, space), 0);
	stack = stacks_at(&stacks, 2);
	assert_int_equal(stack->mappings[0], index);
	assert_int_equal(stack->mappings[1], index);	 /* behind the last call */
	assert_int_not_equal(stack->mappings[2], index); /* before the first byte */
	assert_int_equal(stack->mappings[3], SPACE_NONE);

	/* unmapped, and something else mapped there: the stack stays what it was */
	munmap(code, PAGE);
	assert_ptr_equal(mmap(code, PAGE, PROT_READ | PROT_EXEC,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 code);
	assert_int_equal(space_refresh(space, NULL), 0);
	stacks_bind(&stacks, EPOCH, space);
	assert_int_equal(stack->mappings[0], index);
	assert_false(space->mappings[index].live);
	assert_int_not_equal(space_find(space, start), index);
	stacks_done(&stacks);
	space_free(space);
	munmap(code, PAGE);
}

/* What was in no known mapping is bound when the mapping becomes known, in its own image only. */
static void test_bound_later(void **state)
{
	struct space *space = space_of(getpid());
	char *code = map_new_file("c");
	const uint64_t pcs[] = {(uintptr_t)code + 8};
	struct ht_stack_event event = make_event(1, pcs, 1), old = make_event(2, pcs, 1);
	struct stacks stacks = {0};

	(void)state;
	old.head.event.epoch = EPOCH - 1;
	assert_int_equal(stacks_add(&stacks, &event, space), 0);
	assert_int_equal(stacks_add(&stacks, &old, NULL), 0);
	assert_int_equal(stacks_at(&stacks, 1)->mappings[0], SPACE_NONE);
	assert_int_equal(space_refresh(space, NULL), 0);
	stacks_bind(&stacks, EPOCH, space);
	assert_int_equal(stacks_at(&stacks, 1)->mappings[0], space_find(space, pcs[0] - 1));
	assert_int_not_equal(stacks_at(&stacks, 1)->mappings[0], SPACE_NONE);
	assert_int_equal(stacks_at(&stacks, 2)->mappings[0], SPACE_NONE);
	stacks_done(&stacks);
	space_free(space);
	munmap(code, PAGE);
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
		cmocka_unit_test(test_by_site),	 cmocka_unit_test(test_many),
		cmocka_unit_test(test_bound),	 cmocka_unit_test(test_bound_later),
		cmocka_unit_test(test_replaced), cmocka_unit_test(test_end_names),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
