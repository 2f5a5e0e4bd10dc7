// SPDX-License-Identifier: Apache-2.0
/*
 * Literal .eh_frame sections: what the instructions come to, how entries are found, and every lie a
 * section can tell. That the common cases are right is shown on real objects in
 * test_unwind_table.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "unwind/cfi.h"
#include "unwind/section.h"

#define VADDR	 0x500000 /* of the section */
#define CODE	 0x401000
#define MAX_ROWS 16

struct frames {
	uint8_t bytes[4096];
	size_t size;
};

static void put(struct frames *frames, uint64_t value, size_t size)
{
	assert_true(frames->size + size <= sizeof(frames->bytes));
	memcpy(frames->bytes + frames->size, &value, size);
	frames->size += size;
}

static void put_bytes(struct frames *frames, const void *bytes, size_t size)
{
	assert_true(frames->size + size <= sizeof(frames->bytes));
	if (size)
		memcpy(frames->bytes + frames->size, bytes, size);
	frames->size += size;
}

/* From here to end_entry() is an entry; returns where it begins. */
static size_t begin_entry(struct frames *frames)
{
	put(frames, 0, 4);
	return frames->size - 4;
}

static void end_entry(struct frames *frames, size_t start)
{
	uint32_t length = (uint32_t)(frames->size - start - 4);

	memcpy(frames->bytes + start, &length, 4);
}

/* As compilers write it: CFA rsp + 8, return address at CFA - 8. */
static size_t put_cie(struct frames *frames, const char *augmentation, uint8_t encoding)
{
	static const uint8_t program[] = {DW_CFA_def_cfa, 7, 8, DW_CFA_offset | 16, 1};
	size_t start = begin_entry(frames);

	put(frames, 0, 4);
	put(frames, 1, 1);
	put_bytes(frames, augmentation, strlen(augmentation) + 1);
	put(frames, 1, 1);    /* code alignment */
	put(frames, 0x78, 1); /* data alignment -8 */
	put(frames, 16, 1);
	if (*augmentation == 'z') {
		put(frames, 1, 1);
		put(frames, encoding, 1);
	}
	put_bytes(frames, program, sizeof(program));
	end_entry(frames, start);
	return start;
}

static void put_fde(struct frames *frames, size_t cie, uint64_t start, uint32_t size,
		    const void *program, size_t program_size)
{
	size_t entry = begin_entry(frames);

	put(frames, frames->size - cie, 4);
	put(frames, start - (VADDR + frames->size), 4); /* pcrel | sdata4 */
	put(frames, size, 4);
	put(frames, 0, 1); /* augmentation data */
	put_bytes(frames, program, program_size);
	end_entry(frames, entry);
}

static int read_frames(const struct frames *frames, struct cfi *ret, char *ret_text)
{
	/* a copy of its very size, so that a byte read behind it is an error */
	uint8_t *bytes = memcpy(malloc(frames->size + !frames->size), frames->bytes, frames->size);
	struct section section = {
		.code_start = CODE,
		.code_size = 0x1000,
		.bytes = bytes,
		.size = frames->size,
		.vaddr = VADDR,
		.is_bounded = true,
	};
	struct diag diag = {""};
	int err = cfi_read(&section, ret, &diag);

	if (err)
		free(bytes);
	if (ret_text)
		strcpy(ret_text, diag.text);
	return err;
}

static void drop(struct cfi *cfi)
{
	free((void *)cfi->bytes);
	cfi_done(cfi);
}

struct rows {
	uint64_t addresses[MAX_ROWS];
	struct ht_rule rules[MAX_ROWS];
	size_t nr;
};

static void collect(void *data, uint64_t address, struct ht_rule rule)
{
	struct rows *rows = data;

	assert_true(rows->nr < MAX_ROWS);
	rows->addresses[rows->nr] = address;
	rows->rules[rows->nr++] = rule;
}

static struct rows run(const struct cfi *cfi, uint32_t fde)
{
	struct rows rows = {.nr = 0};
	const struct cfa_sink sink = {collect, &rows};
	const struct cfi_fde *at = &cfi->fdes[fde];

	cfa_run(&cfi->cies[at->cie].context, cfi_program(cfi, at), at->start, at->end, &sink);
	return rows;
}

static void check_rule(struct ht_rule rule, struct ht_rule wanted)
{
	assert_int_equal(rule.cfa_kind, wanted.cfa_kind);
	assert_int_equal(rule.offset, wanted.offset);
	assert_int_equal(rule.offset2, wanted.offset2);
	assert_int_equal(rule.fp_kind, wanted.fp_kind);
	assert_int_equal(rule.fp_offset, wanted.fp_offset);
}

#define PROGRAM(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})
#define PCREL	     (DW_EH_PE_pcrel | DW_EH_PE_sdata4)

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

static void put_encoded(struct frames *frames, size_t cie, uint8_t encoding, uint64_t value,
			size_t size)
{
	size_t entry = begin_entry(frames);

	put(frames, frames->size - cie, 4);
	if ((encoding & 0x70) == DW_EH_PE_pcrel)
		value -= VADDR + frames->size;
	if (size)
		put(frames, value, size);
	else
		for (int i = 0; i < 10; i++) /* LEB128, in ten bytes of which the last is short */
			put(frames, (value >> (7 * i) & (i < 9 ? 0x7f : 1)) | (i < 9 ? 0x80 : 0),
			    1);
	put(frames, 16, size ? size : 1);
	put(frames, 0, 1);
	end_entry(frames, entry);
}

static void test_encodings(void **state)
{
	static const struct {
		uint8_t encoding;
		uint8_t size;
		bool readable;
	} rows[] = {
		{DW_EH_PE_absptr, 8, true},
		{DW_EH_PE_udata4, 4, true},
		{DW_EH_PE_sdata4, 4, true},
		{DW_EH_PE_udata8, 8, true},
		{DW_EH_PE_uleb128, 0, true},
		{DW_EH_PE_pcrel, 8, true},
		{DW_EH_PE_pcrel | DW_EH_PE_sdata4, 4, true},
		{DW_EH_PE_pcrel | DW_EH_PE_sdata8, 8, true},
		{DW_EH_PE_pcrel | DW_EH_PE_uleb128, 0, true},
		{DW_EH_PE_datarel | DW_EH_PE_sdata4, 4, false},
		{DW_EH_PE_textrel | DW_EH_PE_sdata4, 4, false},
		{DW_EH_PE_indirect | DW_EH_PE_pcrel | DW_EH_PE_sdata4, 4, false},
		{DW_EH_PE_aligned, 8, false},
		{DW_EH_PE_omit, 4, false},
		{0x05, 4, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct frames frames = {.size = 0};
		size_t cie = put_cie(&frames, "zR", rows[i].encoding);
		struct cfi cfi;

		put_encoded(&frames, cie, rows[i].encoding, CODE + 0x40, rows[i].size);
		assert_int_equal(read_frames(&frames, &cfi, NULL), 0);
		assert_int_equal(cfi.nr_fdes, rows[i].readable);
		if (rows[i].readable) {
			assert_int_equal(cfi.fdes[0].start, 0x40);
			assert_int_equal(cfi.fdes[0].end, 0x50);
		}
		drop(&cfi);
	}
}

/* An FDE before its CIE, terminators in the middle, 64-bit lengths, no augmentation. */
static void test_order(void **state)
{
	struct frames frames = {.size = 0};
	size_t cie = put_cie(&frames, "zR", PCREL), start, plain;
	struct cfi cfi;

	(void)state;
	put_fde(&frames, cie, CODE, 16, NULL, 0);
	start = begin_entry(&frames);
	put(&frames, (uint32_t)-40, 4); /* the way back is a way on */
	put(&frames, CODE + 16, 8);
	put(&frames, 16, 8);
	put(&frames, 0, 8); /* nops */
	end_entry(&frames, start);
	put(&frames, 0, 4);
	put(&frames, 0, 4);
	put(&frames, 0, 4);
	plain = put_cie(&frames, "", 0);
	assert_int_equal(plain, start + 4 + 40);
	put(&frames, 0xffffffff, 4);
	put(&frames, 4 + 4 + 4 + 1, 8);
	put(&frames, frames.size - cie, 4);
	put(&frames, CODE + 0x100 - (VADDR + frames.size), 4);
	put(&frames, 1, 4);
	put(&frames, 0, 1);
	assert_int_equal(read_frames(&frames, &cfi, NULL), 0);
	assert_int_equal(cfi.nr_cies, 2);
	assert_int_equal(cfi.nr_fdes, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(cfi.fdes[i].start, ((uint32_t[]){0, 16, 0x100})[i]);
		assert_int_equal(cfi.fdes[i].end, ((uint32_t[]){16, 32, 0x101})[i]);
		assert_int_equal(cfi.fdes[i].cie, i == 1);
	}
	drop(&cfi);
}

/* The FDE that begins last has the address; of two that begin together the first one. */
static void test_overlap(void **state)
{
	static const uint32_t wanted[][2] = {
		{0x100, 0x120}, {0x120, 0x140}, {0x200, 0x210}, {0xff0, 0x1000}};
	struct frames frames = {.size = 0};
	size_t cie = put_cie(&frames, "zR", PCREL);
	struct cfi cfi;

	(void)state;
	put_fde(&frames, cie, CODE + 0x200, 0x10, NULL, 0);
	put_fde(&frames, cie, CODE + 0x120, 0x20, NULL, 0);
	put_fde(&frames, cie, CODE + 0x100, 0x80, NULL, 0);
	put_fde(&frames, cie, CODE + 0x200, 0x80, NULL, 0);
	put_fde(&frames, cie, CODE + 0xff0, 0x80, NULL, 0); /* past the code */
	put_fde(&frames, cie, CODE + 0x1000, 0x80, NULL, 0);
	put_fde(&frames, cie, CODE - 0x10, 0x80, NULL, 0);
	put_fde(&frames, cie, CODE + 0x300, 0, NULL, 0);
	assert_int_equal(read_frames(&frames, &cfi, NULL), 0);
	assert_int_equal(cfi.nr_fdes, 4);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(cfi.fdes[i].start, wanted[i][0]);
		assert_int_equal(cfi.fdes[i].end, wanted[i][1]);
	}
	drop(&cfi);
}

/* A CIE that we cannot read takes its FDEs with it, and nothing else. */
static void test_unreadable_cies(void **state)
{
	static const struct {
		uint8_t offset, value; /* in the CIE */
	} lies[] = {
		{8, 2},	    /* version */
		{9, 'e'},   /* augmentation that does not begin with z */
		{10, 'X'},  /* one nobody knows */
		{14, 6},    /* another return address column */
		{15, 0x7f}, /* augmentation data larger than the entry */
		{4, 1},	    /* not a CIE */
	};
	struct frames frames;
	struct cfi cfi;

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
		size_t bad, good;

		frames.size = 0;
		bad = put_cie(&frames, "zR", PCREL);
		frames.bytes[bad + lies[i].offset] = lies[i].value;
		good = put_cie(&frames, "zR", PCREL);
		put_fde(&frames, bad, CODE, 16, NULL, 0);
		put_fde(&frames, good, CODE + 16, 16, NULL, 0);
		assert_int_equal(read_frames(&frames, &cfi, NULL), 0);
		assert_int_equal(cfi.nr_fdes, 1);
		assert_int_equal(cfi.fdes[0].start, 16);
		drop(&cfi);
	}
}

/* FDEs that name each other, or themselves, are no FDEs. */
static void test_loop(void **state)
{
	struct frames frames = {.size = 0};
	struct cfi cfi;

	(void)state;
	for (int i = 0; i < 3; i++)
		put_fde(&frames, i == 1 ? 0 : frames.size, CODE, 16, NULL, 0);
	assert_int_equal(read_frames(&frames, &cfi, NULL), 0);
	assert_int_equal(cfi.nr_cies + cfi.nr_fdes, 0);
	drop(&cfi);
}

static void test_lengths(void **state)
{
	static const uint32_t lengths[] = {1, 3, 0x1000, 0x7fffffff, 0xfffffff0, 0xffffffff};
	struct cfi cfi;

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		struct frames frames = {.size = 0};
		char text[1024];

		put_cie(&frames, "zR", PCREL);
		put(&frames, lengths[i], 4);
		put(&frames, ~0ULL, 8);
		assert_int_equal(read_frames(&frames, &cfi, text), -EINVAL);
		assert_non_null(strstr(text, "damaged at byte"));
	}
}

/* Cut at any byte it fails, or has fewer functions; every byte changed in turn, nothing breaks. */
static void test_cut_and_changed(void **state)
{
	struct frames whole = {.size = 0};
	size_t cie = put_cie(&whole, "zR", PCREL);
	struct cfi cfi;

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		put_fde(&whole, cie, CODE + 0x100 * i, 0x80, instructions[30].program,
			instructions[30].size);
	for (size_t size = 0; size < whole.size; size++) {
		struct frames cut = whole;

		cut.size = size;
		if (read_frames(&cut, &cfi, NULL))
			continue;
		assert_true(cfi.nr_fdes < 4);
		drop(&cfi);
	}
	for (size_t i = 0; i < whole.size * 8; i++) {
		struct frames changed = whole;

		changed.bytes[i / 8] ^= 1 << i % 8;
		if (read_frames(&changed, &cfi, NULL))
			continue;
		for (uint32_t fde = 0; fde < cfi.nr_fdes; fde++)
			assert_true(run(&cfi, fde).nr > 0);
		drop(&cfi);
	}
}

/* More CIEs than anybody has: refused, with bounded memory. */
static void test_too_many(void **state)
{
	struct frames frames = {.size = 0};
	size_t nr = CFI_MAX_CIES + 1;
	struct diag diag = {""};
	struct section section;
	struct cfi cfi;
	uint8_t *bytes;

	(void)state;
	put_cie(&frames, "zR", PCREL);
	bytes = malloc(nr * frames.size);
	for (size_t i = 0; i < nr; i++)
		memcpy(bytes + i * frames.size, frames.bytes, frames.size);
	section = (struct section){
		.code_start = CODE,
		.code_size = 0x1000,
		.bytes = bytes,
		.size = nr * frames.size,
		.is_bounded = true,
	};
	assert_int_equal(cfi_read(&section, &cfi, &diag), -E2BIG);
	assert_non_null(strstr(diag.text, "more than"));
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_function), cmocka_unit_test(test_instructions),
		cmocka_unit_test(test_middle),	 cmocka_unit_test(test_encodings),
		cmocka_unit_test(test_order),	 cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_loop),	 cmocka_unit_test(test_unreadable_cies),
		cmocka_unit_test(test_lengths),	 cmocka_unit_test(test_cut_and_changed),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests_name("cfi", tests, NULL, NULL);
}
