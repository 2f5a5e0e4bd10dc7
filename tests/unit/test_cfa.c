// SPDX-License-Identifier: Apache-2.0
/*
 * Call frame instructions: what each comes to, and that what cannot be expressed, or is no
 * instruction, is BAD and nothing worse.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "frames.h"

/* push %rbp; mov %rsp, %rbp; ... pop %rbp; ret, with a cold part behind. */
static void test_function(void **state)
{
	struct frames frames = {.size = 0};
	size_t cie = put_cie(&frames, "zR", PCREL);
	struct rows rows;
	struct cfi cfi;

	(void)state;
	put_fde(&frames, cie, CODE + 0x100, 0x80,
		PROGRAM(DW_CFA_advance_loc | 1, DW_CFA_def_cfa_offset, 16, DW_CFA_offset | 6, 2,
			DW_CFA_advance_loc1, 3, DW_CFA_def_cfa_register, 6, DW_CFA_advance_loc2,
			0x20, 0, DW_CFA_remember_state, DW_CFA_restore | 6, DW_CFA_def_cfa, 7, 8,
			DW_CFA_advance_loc4, 1, 0, 0, 0, DW_CFA_restore_state, DW_CFA_nop));
	assert_int_equal(read_frames(&frames, &cfi, NULL), 0);
	assert_int_equal(cfi.nr_fdes, 1);
	assert_int_equal(cfi.fdes[0].start, 0x100);
	assert_int_equal(cfi.fdes[0].end, 0x180);
	rows = run(&cfi, 0);
	assert_int_equal(rows.nr, 5);
	check_rule(rows.rules[0], (struct ht_rule){.cfa_kind = HT_CFA_RSP, .offset = 8});
	check_rule(rows.rules[1], (struct ht_rule){.cfa_kind = HT_CFA_RSP,
						   .offset = 16,
						   .fp_kind = HT_FP_AT_CFA,
						   .fp_offset = -2});
	check_rule(rows.rules[2], (struct ht_rule){.cfa_kind = HT_CFA_RBP,
						   .offset = 16,
						   .fp_kind = HT_FP_AT_CFA,
						   .fp_offset = -2});
	check_rule(rows.rules[3], rows.rules[0]);
	check_rule(rows.rules[4], rows.rules[2]);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(rows.addresses[i],
				 ((uint64_t[]){0x100, 0x101, 0x104, 0x124, 0x125})[i]);
	drop(&cfi);
}

#define BAD                                                                                        \
	{                                                                                          \
		.cfa_kind = HT_CFA_BAD                                                             \
	}
#define STOP                                                                                       \
	{                                                                                          \
		.cfa_kind = HT_CFA_STOP                                                            \
	}
#define PLT(literal)                                                                               \
	DW_CFA_def_cfa_expression, 11, DW_OP_breg7, 8, DW_OP_breg16, 0, DW_OP_lit15, DW_OP_and,    \
		literal, DW_OP_ge, DW_OP_lit3, DW_OP_shl, DW_OP_plus

static const struct {
	const uint8_t *program;
	size_t size;
	struct ht_rule rule;
	const char *augmentation; /* NULL: zR */
} instructions[] = {
	{PROGRAM(DW_CFA_nop), {.cfa_kind = HT_CFA_RSP, .offset = 8}, NULL},
	{PROGRAM(DW_CFA_def_cfa_sf, 7, 0x7d), {.cfa_kind = HT_CFA_RSP, .offset = 24}, NULL},
	{PROGRAM(DW_CFA_def_cfa_offset_sf, 0x7c), {.cfa_kind = HT_CFA_RSP, .offset = 32}, NULL},
	/* the largest offset there is room for, and the next */
	{PROGRAM(DW_CFA_def_cfa_offset, 0xf8, 0xff, 0xff, 0x0f),
	 {.cfa_kind = HT_CFA_RSP, .offset = (1 << 25) - 8},
	 NULL},
	{PROGRAM(DW_CFA_def_cfa_offset, 0x80, 0x80, 0x80, 0x10), BAD, NULL},
	{PROGRAM(DW_CFA_def_cfa, 10, 0), BAD, NULL},
	/* what is BAD now may be told again later */
	{PROGRAM(DW_CFA_def_cfa_register, 10, DW_CFA_def_cfa_register, 6),
	 {.cfa_kind = HT_CFA_RBP, .offset = 8},
	 NULL},
	/* rbp, in every way */
	{PROGRAM(DW_CFA_offset_extended_sf, 6, 2),
	 {.cfa_kind = HT_CFA_RSP, .offset = 8, .fp_kind = HT_FP_AT_CFA, .fp_offset = -2},
	 NULL},
	{PROGRAM(DW_CFA_GNU_negative_offset_extended, 6, 2),
	 {.cfa_kind = HT_CFA_RSP, .offset = 8, .fp_kind = HT_FP_AT_CFA, .fp_offset = 2},
	 NULL},
	{PROGRAM(DW_CFA_offset_extended, 6, 2, DW_CFA_restore_extended, 6),
	 {.cfa_kind = HT_CFA_RSP, .offset = 8},
	 NULL},
	{PROGRAM(DW_CFA_offset | 6, 2, DW_CFA_same_value, 6),
	 {.cfa_kind = HT_CFA_RSP, .offset = 8},
	 NULL},
	{PROGRAM(DW_CFA_expression, 6, 2, DW_OP_breg6, 0x78),
	 {.cfa_kind = HT_CFA_RSP, .offset = 8, .fp_kind = HT_FP_AT_RBP, .fp_offset = -1},
	 NULL},
	{PROGRAM(DW_CFA_expression, 6, 2, DW_OP_breg6, 4), BAD, NULL},
	{PROGRAM(DW_CFA_expression, 6, 2, DW_OP_breg7, 8), BAD, NULL},
	{PROGRAM(DW_CFA_expression, 6, 3, DW_OP_breg6, 0, DW_OP_deref), BAD, NULL},
	{PROGRAM(DW_CFA_undefined, 6), BAD, NULL},
	{PROGRAM(DW_CFA_register, 6, 3), BAD, NULL},
	{PROGRAM(DW_CFA_val_offset, 6, 3), BAD, NULL},
	{PROGRAM(DW_CFA_val_expression, 6, 1, DW_OP_lit0), BAD, NULL},
	{PROGRAM(DW_CFA_offset_extended, 6, 0x81, 0x80, 0x02), BAD, NULL}, /* CFA - 256 KiB - 8 */
	/* other registers are not ours */
	{PROGRAM(DW_CFA_register, 3, 8, DW_CFA_offset | 12, 3, DW_CFA_expression, 15, 2,
		 DW_OP_breg6, 0, DW_CFA_GNU_args_size, 16),
	 {.cfa_kind = HT_CFA_RSP, .offset = 8},
	 NULL},
	/* a stack pointer that is not the CFA */
	{PROGRAM(DW_CFA_offset | 7, 3), BAD, NULL},
	{PROGRAM(DW_CFA_undefined, 16), STOP, NULL},
	{PROGRAM(DW_CFA_register, 16, 5), BAD, NULL},
	{PROGRAM(DW_CFA_offset | 16, 2), BAD, NULL},
	/* expressions for the CFA */
	{PROGRAM(PLT(DW_OP_lit11)), {.cfa_kind = HT_CFA_PLT, .offset = 11}, NULL},
	{PROGRAM(PLT(DW_OP_lit10)), {.cfa_kind = HT_CFA_PLT, .offset = 10}, NULL},
	{PROGRAM(PLT(DW_OP_nop)), BAD, NULL},
	{PROGRAM(DW_CFA_def_cfa_expression, 3, DW_OP_breg6, 0x78, DW_OP_deref),
	 {.cfa_kind = HT_CFA_DEREF_RBP, .offset = -8},
	 NULL},
	{PROGRAM(DW_CFA_def_cfa_expression, 6, DW_OP_breg7, 0xc0, 0x00, DW_OP_deref,
		 DW_OP_plus_uconst, 8),
	 {.cfa_kind = HT_CFA_DEREF_RSP, .offset = 64, .offset2 = 8},
	 NULL},
	{PROGRAM(DW_CFA_def_cfa_expression, 5, DW_OP_breg6, 0x50, DW_OP_deref, DW_OP_lit16,
		 DW_OP_plus),
	 {.cfa_kind = HT_CFA_DEREF_RBP, .offset = -48, .offset2 = 16},
	 NULL},
	{PROGRAM(DW_CFA_def_cfa_expression, 2, DW_OP_breg7, 24),
	 {.cfa_kind = HT_CFA_RSP, .offset = 24},
	 NULL},
	{PROGRAM(DW_CFA_def_cfa_expression, 4, DW_OP_breg6, 0, DW_OP_deref, DW_OP_deref), BAD,
	 NULL},
	{PROGRAM(DW_CFA_def_cfa_expression, 2, DW_OP_breg3, 0), BAD, NULL},
	{PROGRAM(DW_CFA_def_cfa_expression, 0), BAD, NULL},
	{PROGRAM(DW_CFA_def_cfa_expression, 1, DW_OP_breg7), BAD, NULL},
	/* signal frames: only the kernel's layout, and only where it is said to be one */
	{PROGRAM(DW_CFA_def_cfa_expression, 4, DW_OP_breg7, 0xa0, 0x01, DW_OP_deref,
		 DW_CFA_expression, 6, 3, DW_OP_breg7, 0xf8, 0x00, DW_CFA_expression, 16, 3,
		 DW_OP_breg7, 0xa8, 0x01),
	 {.cfa_kind = HT_CFA_SIGNAL},
	 "zRS"},
	{PROGRAM(DW_CFA_def_cfa_expression, 4, DW_OP_breg7, 0xa0, 0x01, DW_OP_deref,
		 DW_CFA_expression, 6, 3, DW_OP_breg7, 0xf8, 0x00, DW_CFA_expression, 16, 3,
		 DW_OP_breg7, 0xb0, 0x01),
	 BAD, "zRS"},
	{PROGRAM(DW_CFA_def_cfa_expression, 4, DW_OP_breg7, 0xa0, 0x01, DW_OP_deref,
		 DW_CFA_expression, 6, 3, DW_OP_breg7, 0xf8, 0x00, DW_CFA_expression, 16, 3,
		 DW_OP_breg7, 0xa8, 0x01),
	 BAD, NULL},
	{PROGRAM(DW_CFA_nop), BAD, "zRS"},
	/* what is no instruction, or not here */
	{PROGRAM(0x3f), BAD, NULL},
	{PROGRAM(DW_CFA_set_loc, 0, 0, 0, 0), BAD, NULL},
	{PROGRAM(DW_CFA_restore_state), BAD, NULL},
	{PROGRAM(DW_CFA_def_cfa_expression, 2, DW_OP_breg7, 8, DW_CFA_def_cfa_offset, 16), BAD,
	 NULL},
	{PROGRAM(DW_CFA_def_cfa_offset), BAD, NULL},
	{PROGRAM(DW_CFA_advance_loc4, 1), BAD, NULL},
	{PROGRAM(DW_CFA_expression, 6, 0x7f, DW_OP_breg6), BAD, NULL},
	{PROGRAM(DW_CFA_def_cfa_offset, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		 0x01),
	 BAD, NULL},
	{PROGRAM(DW_CFA_def_cfa_sf, 7, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40), BAD,
	 NULL},
	{PROGRAM(10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10), BAD, NULL},
};

static void test_instructions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(instructions) / sizeof(*instructions); i++) {
		const char *augmentation = instructions[i].augmentation;
		struct frames frames = {.size = 0};
		struct rows rows;
		struct cfi cfi;
		size_t cie;

		cie = put_cie(&frames, augmentation ? augmentation : "zR", PCREL);
		put_fde(&frames, cie, CODE, 16, instructions[i].program, instructions[i].size);
		assert_int_equal(read_frames(&frames, &cfi, NULL), 0);
		rows = run(&cfi, 0);
		if (rows.rules[0].cfa_kind != instructions[i].rule.cfa_kind)
			print_message("instructions[%zu]\n", i);
		assert_int_equal(rows.nr, 1);
		assert_int_equal(rows.addresses[0], 0);
		check_rule(rows.rules[0], instructions[i].rule);
		drop(&cfi);
	}
}

/* What goes wrong in the middle spoils only what follows; what is behind the end is not run. */
static void test_middle(void **state)
{
	struct frames frames = {.size = 0};
	size_t cie = put_cie(&frames, "zR", PCREL);
	struct rows rows;
	struct cfi cfi;

	(void)state;
	put_fde(&frames, cie, CODE, 32,
		PROGRAM(DW_CFA_advance_loc | 4, DW_CFA_def_cfa_offset, 16, DW_CFA_advance_loc | 4,
			0x3f));
	put_fde(&frames, cie, CODE + 64, 32, PROGRAM(DW_CFA_advance_loc | 32, 0x3f));
	assert_int_equal(read_frames(&frames, &cfi, NULL), 0);
	rows = run(&cfi, 0);
	assert_int_equal(rows.nr, 3);
	assert_int_equal(rows.addresses[2], 8);
	check_rule(rows.rules[1], (struct ht_rule){.cfa_kind = HT_CFA_RSP, .offset = 16});
	check_rule(rows.rules[2], (struct ht_rule)BAD);
	rows = run(&cfi, 1);
	assert_int_equal(rows.nr, 1);
	check_rule(rows.rules[0], (struct ht_rule){.cfa_kind = HT_CFA_RSP, .offset = 8});
	drop(&cfi);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_function),
		cmocka_unit_test(test_instructions),
		cmocka_unit_test(test_middle),
	};

	return cmocka_run_group_tests_name("cfa", tests, NULL, NULL);
}
