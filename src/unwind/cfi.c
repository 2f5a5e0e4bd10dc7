// SPDX-License-Identifier: Apache-2.0
/*
 * Two passes over the entries: CIEs first, because an FDE may name one that comes later, then FDEs.
 * A CIE's instructions are run once, so that many FDEs of a long CIE cost no more than their bytes.
 */
#include "unwind/cfi.h"

#include <dwarf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "unwind/section.h"

#define RETURN_ADDRESS_COLUMN 16
#define ESCAPE_64BIT	      0xffffffffU
#define ESCAPE_RESERVED	      0xfffffff0U

struct entry {
	uint32_t offset;    /* of its length */
	uint32_t id_offset; /* of its id */
	uint32_t id;	    /* 0 for a CIE, otherwise the way back to it, modulo 2^32 */
	struct bytes body;  /* behind the id */
};

struct reader {
	const struct section *section;
	struct cfi *cfi;
	uint32_t max_cies, max_fdes; /* allocated */
	struct bytes left;
};

static uint32_t offset_of(const struct reader *reader, const uint8_t *at)
{
	return (uint32_t)(at - reader->section->bytes);
}

/* 1 with @ret filled, 0 at the end, -EINVAL. */
static int next_entry(struct reader *reader, struct entry *ret)
{
	struct bytes *left = &reader->left;
	int broken = reader->section->is_bounded ? -EINVAL : 0;
	const uint8_t *start;
	uint64_t length;

	do { /* crtend's terminator is in the middle where a linker put it there */
		if (!bytes_left(left))
			return 0;
		start = left->at;
		length = bytes_number(left, 4);
		if (!length && !reader->section->is_bounded)
			return 0;
	} while (!length && !left->failed);
	if (length == ESCAPE_64BIT)
		length = bytes_number(left, 8);
	else if (length >= ESCAPE_RESERVED)
		return broken;
	if (left->failed || length < 4 || length > bytes_left(left))
		return broken;
	ret->body = bytes_of(left->at, length);
	ret->offset = offset_of(reader, start);
	ret->id_offset = offset_of(reader, left->at);
	ret->id = (uint32_t)bytes_number(&ret->body, 4);
	bytes_skip(left, length);
	return 1;
}

static int fail_entry(const struct reader *reader, struct diag *diag)
{
	return diag_fail(diag, -EINVAL, "its .eh_frame is damaged at byte %u of %zu",
			 offset_of(reader, reader->left.at), reader->section->size);
}

static size_t pointer_size(uint8_t encoding)
{
	switch (encoding & 7) {
	case DW_EH_PE_udata2:
		return 2;
	case DW_EH_PE_udata4:
		return 4;
	default: /* DW_EH_PE_absptr, DW_EH_PE_udata8 */
		return 8;
	}
}

/* A pointer, or with an @encoding without its upper bits a size. */
static uint64_t read_pointer(const struct reader *reader, struct bytes *bytes, uint8_t encoding)
{
	uint64_t at = reader->section->vaddr + offset_of(reader, bytes->at), value;

	if ((encoding & 0x0f) == DW_EH_PE_uleb128) {
		value = bytes_uleb(bytes);
	} else if ((encoding & 0x0f) == DW_EH_PE_sleb128) {
		value = (uint64_t)bytes_sleb(bytes);
	} else {
		unsigned int unused = 64 - 8 * (unsigned int)pointer_size(encoding);

		value = bytes_number(bytes, pointer_size(encoding));
		if (encoding & DW_EH_PE_signed)
			value = (uint64_t)((int64_t)(value << unused) >> unused);
	}
	return (encoding & 0x70) == DW_EH_PE_pcrel ? at + value : value;
}

/* Those that need no memory of the process: absolute and relative to the pointer. */
static bool is_readable(uint8_t encoding)
{
	uint8_t format = encoding & 0x0f, base = encoding & 0xf0;

	return (base == DW_EH_PE_absptr || base == DW_EH_PE_pcrel) && (format & 7) <= 4;
}

/* The augmentation's characters behind "z", with their data. */
static bool read_augmentation(const struct reader *reader, const uint8_t *text, struct bytes data,
			      struct cfi_cie *cie)
{
	for (; *text; text++) {
		uint8_t encoding;

		switch (*text) {
		case 'R':
			cie->pointer_encoding = bytes_u8(&data);
			break;
		case 'P':
			encoding = bytes_u8(&data);
			if (encoding == DW_EH_PE_aligned)
				return false;
			if (encoding != DW_EH_PE_omit)
				read_pointer(reader, &data, encoding & 0x0f);
			break;
		case 'L':
			bytes_u8(&data);
			break;
		case 'S':
			cie->context.is_signal = true;
			break;
		default:
			return false;
		}
	}
	return !data.failed && is_readable(cie->pointer_encoding);
}

static bool read_cie(const struct reader *reader, struct bytes body, struct cfi_cie *cie)
{
	uint8_t version = bytes_u8(&body);
	const uint8_t *text = body.at, *nul = memchr(text, 0, bytes_left(&body));
	struct bytes data;
	uint64_t size;

	if ((version != 1 && version != 3 && version != 4) || !nul)
		return false;
	bytes_skip(&body, (uint64_t)(nul + 1 - text));
	if (version == 4 && bytes_number(&body, 2) != sizeof(uint64_t)) /* address, segment size */
		return false;
	cie->context.code_align = bytes_uleb(&body);
	cie->context.data_align = bytes_sleb(&body);
	if ((version == 1 ? bytes_u8(&body) : bytes_uleb(&body)) != RETURN_ADDRESS_COLUMN)
		return false;
	if (*text == 'z') {
		size = bytes_uleb(&body);
		data = bytes_of(body.at, size > bytes_left(&body) ? 0 : size);
		if (!bytes_skip(&body, size) || !read_augmentation(reader, text + 1, data, cie))
			return false;
		cie->is_augmented = true;
	} else if (*text) {
		return false;
	}
	if (body.failed)
		return false;
	cfa_init(&cie->context, body);
	return true;
}

/* Room for one more of @size bytes in *items; NULL when there is no memory. */
static void *grow(void *items, uint32_t nr, uint32_t *max, size_t size)
{
	void *grown;

	if (nr < *max)
		return items;
	grown = reallocarray(items, *max ? 2 * (size_t)*max : 64, size);
	if (grown)
		*max = *max ? 2 * *max : 64;
	return grown;
}

static int add_cie(struct reader *reader, const struct cfi_cie *cie)
{
	struct cfi *cfi = reader->cfi;
	struct cfi_cie *grown;

	if (cfi->nr_cies == CFI_MAX_CIES)
		return -E2BIG;
	grown = grow(cfi->cies, cfi->nr_cies, &reader->max_cies, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	cfi->cies = grown;
	cfi->cies[cfi->nr_cies++] = *cie;
	return 0;
}

static int add_fde(struct reader *reader, const struct cfi_fde *fde)
{
	struct cfi *cfi = reader->cfi;
	struct cfi_fde *grown;

	if (cfi->nr_fdes == CFI_MAX_FDES)
		return -E2BIG;
	grown = grow(cfi->fdes, cfi->nr_fdes, &reader->max_fdes, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	cfi->fdes = grown;
	cfi->fdes[cfi->nr_fdes++] = *fde;
	return 0;
}

/* Index of the CIE at @offset; nr_cies when there is none. The one used last is tried first. */
static uint32_t find_cie(const struct cfi *cfi, uint32_t offset)
{
	uint32_t low = 0, high = cfi->nr_cies;

	if (cfi->nr_fdes) {
		uint32_t last = cfi->fdes[cfi->nr_fdes - 1].cie;

		if (cfi->cies[last].offset == offset)
			return last;
	}
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (cfi->cies[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < cfi->nr_cies && cfi->cies[low].offset == offset ? low : cfi->nr_cies;
}

/* Whether it covers code and can be read. */
static bool read_fde(const struct reader *reader, struct entry *entry, struct cfi_fde *fde)
{
	const struct section *section = reader->section;
	uint64_t start, size;
	const struct cfi_cie *cie;

	fde->cie = find_cie(reader->cfi, entry->id_offset - entry->id);
	if (fde->cie == reader->cfi->nr_cies)
		return false;
	cie = &reader->cfi->cies[fde->cie];
	start = read_pointer(reader, &entry->body, cie->pointer_encoding) - section->code_start;
	size = read_pointer(reader, &entry->body, cie->pointer_encoding & 7);
	if (cie->is_augmented)
		bytes_skip(&entry->body, bytes_uleb(&entry->body));
	if (entry->body.failed || start >= section->code_size || !size)
		return false;
	if (size > section->code_size - start)
		size = section->code_size - start;
	fde->start = (uint32_t)start;
	fde->end = (uint32_t)(start + size);
	fde->program = offset_of(reader, entry->body.at);
	fde->program_size = (uint32_t)bytes_left(&entry->body);
	return true;
}

static int read_entries(struct reader *reader, bool want_cies, struct diag *diag)
{
	struct entry entry;
	int more, err = 0;

	reader->left = bytes_of(reader->section->bytes, reader->section->size);
	while ((more = next_entry(reader, &entry)) > 0 && !err) {
		struct cfi_cie cie = {.offset = entry.offset};
		struct cfi_fde fde;

		if (want_cies != !entry.id)
			continue;
		if (want_cies && read_cie(reader, entry.body, &cie))
			err = add_cie(reader, &cie);
		else if (!want_cies && read_fde(reader, &entry, &fde))
			err = add_fde(reader, &fde);
	}
	if (err == -E2BIG)
		return diag_fail(diag, err, "its .eh_frame has more than %u functions or %u CIEs",
				 CFI_MAX_FDES, CFI_MAX_CIES);
	if (err)
		return diag_fail(diag, err, "out of memory reading its .eh_frame");
	return more < 0 ? fail_entry(reader, diag) : 0;
}

static int compare_fdes(const void *a, const void *b)
{
	const struct cfi_fde *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->program < y->program ? -1 : x->program > y->program;
}

/* Establishes the invariant. */
static void order_fdes(struct cfi *cfi)
{
	uint32_t nr = 0;

	/* most linkers keep functions and their FDEs in the same order */
	for (uint32_t i = 1; i < cfi->nr_fdes; i++)
		if (compare_fdes(&cfi->fdes[i - 1], &cfi->fdes[i]) > 0) {
			qsort(cfi->fdes, cfi->nr_fdes, sizeof(*cfi->fdes), compare_fdes);
			break;
		}
	for (uint32_t i = 0; i < cfi->nr_fdes; i++) {
		struct cfi_fde *last = nr ? &cfi->fdes[nr - 1] : NULL;

		if (last && last->start == cfi->fdes[i].start)
			continue;
		if (last && last->end > cfi->fdes[i].start)
			last->end = cfi->fdes[i].start;
		cfi->fdes[nr++] = cfi->fdes[i];
	}
	cfi->nr_fdes = nr;
}

int cfi_read(const struct section *section, struct cfi *ret, struct diag *diag)
{
	struct cfi cfi = {.bytes = section->bytes};
	struct reader reader = {.section = section, .cfi = &cfi};
	int err = 0;

	if (section->size)
		err = read_entries(&reader, true, diag);
	if (section->size && !err)
		err = read_entries(&reader, false, diag);
	if (err) {
		cfi_done(&cfi);
		return err;
	}
	order_fdes(&cfi);
	*ret = cfi;
	return 0;
}

void cfi_done(struct cfi *cfi)
{
	free(cfi->cies);
	free(cfi->fdes);
	*cfi = (struct cfi){0};
}

struct bytes cfi_program(const struct cfi *cfi, const struct cfi_fde *fde)
{
	return bytes_of(cfi->bytes + fde->program, fde->program_size);
}
