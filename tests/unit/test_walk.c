// SPDX-License-Identifier: Apache-2.0
/* The host's walker on literal stacks, where each rule and each way to end shows alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "unwind/table.h"
#include "unwind/walk.h"

#define STACK	    0x7ffc00000000
#define CODE	    0x555500000000
#define NR_WORDS    512
#define PAGES_A_ROW (4096 >> HT_UNWIND_PAGE_SHIFT)

/* Code of 16 pages: in page i rule i holds. Behind it are 64 KiB without a table. */
struct literal {
	struct unwind_table table;
	uint64_t rows[16], pages[16 * PAGES_A_ROW];
	struct ht_rule rules[16];
	uint64_t words[NR_WORDS];
	uint32_t nr_finds;
};

#define PC(rule)     (CODE + (rule)*4096 + 0x123)
#define JIT	     (CODE + 0x10000)
#define SLOT(number) (STACK + 8ULL * (number))

static bool find_literal(void *data, uint64_t pc, const struct unwind_table **ret_table,
			 uint64_t *ret_vaddr)
{
	struct literal *literal = data;

	literal->nr_finds++;
	if (pc < CODE || pc >= JIT + 0x10000)
		return false;
	*ret_table = pc < JIT ? &literal->table : NULL;
	*ret_vaddr = pc - CODE + literal->table.base;
	return true;
}

static struct literal *literal_new(void)
{
	static const struct ht_rule rules[16] = {
		[1] = {.cfa_kind = HT_CFA_RSP, .offset = 32},
		[2] = {.cfa_kind = HT_CFA_RBP,
		       .offset = 16,
		       .fp_kind = HT_FP_AT_CFA,
		       .fp_offset = -2},
		[3] = {.cfa_kind = HT_CFA_PLT, .offset = 11},
		[4] = {.cfa_kind = HT_CFA_DEREF_RBP, .offset = -8, .fp_kind = HT_FP_AT_RBP},
		[5] = {.cfa_kind = HT_CFA_DEREF_RSP, .offset = 16, .offset2 = 8},
		[6] = {.cfa_kind = HT_CFA_SIGNAL},
		[7] = {.cfa_kind = HT_CFA_STOP},
		[8] = {.cfa_kind = HT_CFA_BAD},
		[9] = {.cfa_kind = HT_CFA_RSP, .offset = 8},
		[10] = {.cfa_kind = HT_CFA_RSP, .offset = 0},
		[11] = {.cfa_kind = HT_CFA_RSP, .offset = 12},
		[12] = {.cfa_kind = HT_CFA_UNKNOWN},
	};
	struct literal *literal = calloc(1, sizeof(*literal));

	memcpy(literal->rules, rules, sizeof(rules));
	for (uint32_t i = 0; i < 16; i++)
		literal->rows[i] = HT_ROW(i * 4096, i);
	for (uint32_t i = 0; i < 16 * PAGES_A_ROW; i++)
		literal->pages[i] = HT_PAGE(i / PAGES_A_ROW, i / PAGES_A_ROW);
	literal->table = (struct unwind_table){
		.base = 0x1000,
		.size = 0x10000,
		.nr_rows = 16,
		.nr_pages = 16 * PAGES_A_ROW,
		.nr_rules = 16,
		.rows = literal->rows,
		.pages = literal->pages,
		.rules = literal->rules,
	};
	return literal;
}

static enum ht_stack_end walk(struct literal *literal, struct ht_frame start,
			      uint64_t pcs[HT_MAX_FRAMES], uint32_t *ret_nr)
{
	const struct unwind_stack stack = {STACK, literal->words, sizeof(literal->words)};
	const struct unwind_finder finder = {find_literal, literal};
	enum ht_stack_end end;

	*ret_nr = unwind_walk(&start, &stack, &finder, pcs, &end);
	return end;
}

/* One frame of each kind, to the end. */
static void test_rules(void **state)
{
	struct literal *literal = literal_new();
	uint64_t *words = literal->words, pcs[HT_MAX_FRAMES];
	const uint64_t wanted[] = {CODE + 0x1000, PC(2), CODE + 0x300b, PC(4),	      PC(5),
				   PC(6),	  PC(1), JIT + 8,	CODE + 0x7001};
	uint32_t nr;

	(void)state;
	words[3] = wanted[1]; /* RSP + 32 */
	words[6] = SLOT(100); /* RBP + 16 */
	words[7] = wanted[2];
	words[9] = wanted[3];	/* PLT, with a word pushed */
	words[99] = SLOT(20);	/* DRAP: the CFA is at rbp - 8 */
	words[100] = SLOT(200); /* and the caller's rbp at rbp */
	words[19] = wanted[4];
	words[22] = SLOT(29); /* *(rsp + 16) + 8 */
	words[29] = wanted[5];
	words[30 + 15] = SLOT(60); /* the ucontext: rbp, rsp, rip */
	words[30 + 20] = SLOT(40);
	words[30 + 21] = wanted[6];
	words[43] = wanted[7];
	words[60] = 0; /* a frame pointer's frame */
	words[61] = wanted[8];
	assert_int_equal(walk(literal, (struct ht_frame){wanted[0], SLOT(0), SLOT(6), 1, 0}, pcs,
			      &nr),
			 HT_STACK_complete);
	assert_int_equal(nr, 9);
	assert_memory_equal(pcs, wanted, sizeof(wanted));
	free(literal);
}

/* The byte before a return address is looked up, and the address itself where nothing returned. */
static void test_exact(void **state)
{
	struct literal *literal = literal_new();
	uint64_t pcs[HT_MAX_FRAMES];
	uint32_t nr;

	(void)state;
	/* the first byte of page 7 (STOP): the call was the last of page 6 (SIGNAL), or not */
	assert_int_equal(walk(literal, (struct ht_frame){CODE + 0x7000, SLOT(0), 0, 1, 0}, pcs,
			      &nr),
			 HT_STACK_complete);
	assert_int_equal(nr, 1);
	literal->words[20] = SLOT(40);
	literal->words[21] = CODE + 0x7000; /* interrupted there */
	assert_int_equal(walk(literal, (struct ht_frame){CODE + 0x7000, SLOT(0), 0, 0, 0}, pcs,
			      &nr),
			 HT_STACK_complete);
	assert_int_equal(nr, 2);
	literal->words[21] = 0; /* no caller */
	assert_int_equal(walk(literal, (struct ht_frame){PC(6), SLOT(0), 0, 0, 0}, pcs, &nr),
			 HT_STACK_complete);
	assert_int_equal(nr, 1);
	free(literal);
}

static void test_ends(void **state)
{
	static const struct {
		struct ht_frame start;
		uint64_t caller; /* at rsp: of rule 9 */
		enum ht_stack_end end;
		uint32_t nr;
	} rows[] = {
		{{PC(9), SLOT(0), 0, 1, 0}, PC(8), HT_STACK_bad_rule, 2},
		{{PC(9), SLOT(0), 0, 1, 0}, PC(10), HT_STACK_not_a_stack, 2},
		{{PC(9), SLOT(0), 0, 1, 0}, PC(11), HT_STACK_not_a_stack, 2},
		{{PC(9), SLOT(0), 0, 1, 0}, 0, HT_STACK_complete, 1},
		{{PC(9), SLOT(0), 0, 1, 0}, 0x1234, HT_STACK_no_table, 1},
		{{PC(9), SLOT(0), 0, 1, 0},
		 CODE,
		 HT_STACK_no_table,
		 1}, /* the byte before is not */
		{{PC(9), SLOT(0), SLOT(9) + 4, 1, 0}, JIT + 1, HT_STACK_bad_fp, 2},
		{{PC(9), SLOT(9), SLOT(8), 1, 0}, JIT + 1, HT_STACK_bad_fp, 2}, /* below rsp */
		{{PC(9), SLOT(0), SLOT(0) + HT_FP_STEP_MAX + 8, 1, 0}, JIT + 1, HT_STACK_bad_fp, 2},
		{{PC(9), SLOT(0), SLOT(NR_WORDS - 1), 1, 0}, JIT + 1, HT_STACK_unreadable, 2},
		/* rbp 0 ends a chain of frame pointers; where there was none it proves nothing */
		{{PC(9), SLOT(0), 0, 1, 0}, JIT + 1, HT_STACK_bad_fp, 2},
		{{JIT, SLOT(0), SLOT(8), 1, 0}, JIT + 1, HT_STACK_complete, 2},
		{{PC(9), SLOT(0), SLOT(8), 1, 0}, PC(12), HT_STACK_bad_fp, 2},
		{{PC(9), SLOT(NR_WORDS), 0, 1, 0}, 0, HT_STACK_unreadable, 1},
		{{PC(9), SLOT(NR_WORDS) - 4, 0, 1, 0}, 0, HT_STACK_not_a_stack, 1},
		{{PC(9), STACK - 16, 0, 1, 0}, 0, HT_STACK_unreadable, 1},
		{{PC(9), UINT64_MAX & ~7ULL, 0, 1, 0}, 0, HT_STACK_not_a_stack, 1},
		{{0, SLOT(0), 0, 1, 0}, 0, HT_STACK_no_table, 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct literal *literal = literal_new();
		uint64_t pcs[HT_MAX_FRAMES];
		enum ht_stack_end end;
		uint32_t nr;

		literal->words[0] = literal->words[9] = rows[i].caller;
		end = walk(literal, rows[i].start, pcs, &nr);
		if (end != rows[i].end)
			print_message("row %zu: end %d\n", i, (int)end);
		assert_int_equal(end, rows[i].end);
		assert_int_equal(nr, rows[i].nr);
		assert_int_equal(pcs[0], rows[i].start.pc);
		free(literal);
	}
}

/* As many frames as there is room for are complete; one more is said to be cut. A signal frame
 * that leads to itself, the one loop there can be, ends at the same limit. */
static void test_deep(void **state)
{
	struct literal *literal = literal_new();
	uint64_t pcs[HT_MAX_FRAMES];
	uint32_t nr;

	(void)state;
	for (uint32_t i = 0; i < HT_MAX_FRAMES - 1; i++)
		literal->words[i] = i == HT_MAX_FRAMES - 2 ? PC(7) : PC(9);
	assert_int_equal(walk(literal, (struct ht_frame){PC(9), SLOT(0), 0, 1, 0}, pcs, &nr),
			 HT_STACK_complete);
	assert_int_equal(nr, HT_MAX_FRAMES);
	literal->words[HT_MAX_FRAMES - 2] = PC(9);
	literal->words[HT_MAX_FRAMES - 1] = PC(7);
	assert_int_equal(walk(literal, (struct ht_frame){PC(9), SLOT(0), 0, 1, 0}, pcs, &nr),
			 HT_STACK_truncated);
	assert_int_equal(nr, HT_MAX_FRAMES);
	literal->words[20] = SLOT(0);
	literal->words[21] = PC(6);
	literal->nr_finds = 0;
	assert_int_equal(walk(literal, (struct ht_frame){PC(6), SLOT(0), 0, 1, 0}, pcs, &nr),
			 HT_STACK_truncated);
	assert_int_equal(literal->nr_finds, HT_MAX_FRAMES);
	free(literal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_deep),
	};

	return cmocka_run_group_tests_name("walk", tests, NULL, NULL);
}
