// SPDX-License-Identifier: Apache-2.0
/*
 * The entries of literal .eh_frame sections: how they are found, and every lie a section can tell.
 * That the common cases are right is shown on real objects in test_unwind_table.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "frames.h"

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
	static const uint8_t program[] = {
		DW_CFA_advance_loc | 1,
		DW_CFA_def_cfa_expression,
		3,
		DW_OP_breg6,
		0x78,
		DW_OP_deref,
		DW_CFA_remember_state,
		10,
		6,
		2,
		DW_CFA_expression,
		6,
		2,
		DW_OP_breg6,
		0,
		DW_CFA_advance_loc1,
		9,
		11,
	};
	struct frames whole = {.size = 0};
	size_t cie = put_cie(&whole, "zR", PCREL);
	struct cfi cfi;

	(void)state;
	for (uint32_t i = 0; i < 4; i++)
		put_fde(&whole, cie, CODE + 0x100 * i, 0x80, program, sizeof(program));
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
		cmocka_unit_test(test_encodings),	cmocka_unit_test(test_order),
		cmocka_unit_test(test_overlap),		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_unreadable_cies), cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_cut_and_changed), cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests_name("cfi", tests, NULL, NULL);
}
