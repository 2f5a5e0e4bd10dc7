/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Literal .eh_frame sections, written entry by entry and read back. To be included behind cmocka.
 */
#ifndef HEAPTAP_TESTS_FRAMES_H
#define HEAPTAP_TESTS_FRAMES_H

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

static inline void put(struct frames *frames, uint64_t value, size_t size)
{
	assert_true(frames->size + size <= sizeof(frames->bytes));
	memcpy(frames->bytes + frames->size, &value, size);
	frames->size += size;
}

static inline void put_bytes(struct frames *frames, const void *bytes, size_t size)
{
	assert_true(frames->size + size <= sizeof(frames->bytes));
	if (size)
		memcpy(frames->bytes + frames->size, bytes, size);
	frames->size += size;
}

/* From here to end_entry() is an entry; returns where it begins. */
static inline size_t begin_entry(struct frames *frames)
{
	put(frames, 0, 4);
	return frames->size - 4;
}

static inline void end_entry(struct frames *frames, size_t start)
{
	uint32_t length = (uint32_t)(frames->size - start - 4);

	memcpy(frames->bytes + start, &length, 4);
}

/* As compilers write it: CFA rsp + 8, return address at CFA - 8. */
static inline size_t put_cie(struct frames *frames, const char *augmentation, uint8_t encoding)
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

static inline void put_fde(struct frames *frames, size_t cie, uint64_t start, uint32_t size,
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

static inline int read_frames(const struct frames *frames, struct cfi *ret, char *ret_text)
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

static inline void drop(struct cfi *cfi)
{
	free((void *)cfi->bytes);
	cfi_done(cfi);
}

struct rows {
	uint64_t addresses[MAX_ROWS];
	struct ht_rule rules[MAX_ROWS];
	size_t nr;
};

static inline void collect(void *data, uint64_t address, struct ht_rule rule)
{
	struct rows *rows = data;

	assert_true(rows->nr < MAX_ROWS);
	rows->addresses[rows->nr] = address;
	rows->rules[rows->nr++] = rule;
}

static inline struct rows run(const struct cfi *cfi, uint32_t fde)
{
	struct rows rows = {.nr = 0};
	const struct cfa_sink sink = {collect, &rows};
	const struct cfi_fde *at = &cfi->fdes[fde];

	cfa_run(&cfi->cies[at->cie].context, cfi_program(cfi, at), at->start, at->end, &sink);
	return rows;
}

static inline void check_rule(struct ht_rule rule, struct ht_rule wanted)
{
	assert_int_equal(rule.cfa_kind, wanted.cfa_kind);
	assert_int_equal(rule.offset, wanted.offset);
	assert_int_equal(rule.offset2, wanted.offset2);
	assert_int_equal(rule.fp_kind, wanted.fp_kind);
	assert_int_equal(rule.fp_offset, wanted.fp_offset);
}

#define PROGRAM(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})
#define PCREL	     (DW_EH_PE_pcrel | DW_EH_PE_sdata4)

#endif
