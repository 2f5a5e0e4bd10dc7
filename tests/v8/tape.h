/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tape: some frames of a stack and every piece of memory that naming them reads, with the layout
 * of their V8. Recorded from a live process by record_tape, played without one.
 *
 *	char magic[8]; uint32_t fixed_size; struct tape_fixed;
 *	uint32_t nr_frames; struct ht_js_frame[]; then pieces: uint64_t address; uint32_t size;
 *bytes
 */
#ifndef HEAPTAP_TESTS_V8_TAPE_H
#define HEAPTAP_TESTS_V8_TAPE_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "v8/layout.h"
#include "v8/memory.h"

#define TAPE_MAGIC	"v8tape2"
#define TAPE_MAX_FRAMES 16
#define TAPE_MAX_PIECES 1024

/* What the resolver needs of a layout. */
struct tape_fixed {
	struct v8_offsets offsets;
	struct v8_types types;
	uint32_t new_positions, nr_bytecodes;
	uint8_t bytecode_sizes[V8_NR_SCALES][V8_MAX_BYTECODES];
	uint8_t frame_labels[V8_MAX_FRAME_TYPES];
};

struct tape {
	struct v8_layout layout;
	uint32_t nr_frames, nr_pieces;
	struct ht_js_frame frames[TAPE_MAX_FRAMES];
	struct {
		uint64_t address;
		uint32_t size;
		const uint8_t *bytes; /* borrowed from the tape */
	} pieces[TAPE_MAX_PIECES];
};

static inline bool tape_take(const uint8_t **at, const uint8_t *end, void *ret, size_t size)
{
	if ((size_t)(end - *at) < size)
		return false;
	memcpy(ret, *at, size);
	*at += size;
	return true;
}

/* false: no tape. *ret borrows from @bytes. */
static inline bool tape_open(const uint8_t *bytes, size_t size, struct tape *ret)
{
	const uint8_t *at = bytes, *end = bytes + size;
	struct tape_fixed fixed;
	uint32_t fixed_size;
	char magic[8];

	memset(ret, 0, sizeof(*ret));
	if (!tape_take(&at, end, magic, sizeof(magic)) ||
	    memcmp(magic, TAPE_MAGIC, sizeof(magic)) ||
	    !tape_take(&at, end, &fixed_size, sizeof(fixed_size)) || fixed_size != sizeof(fixed) ||
	    !tape_take(&at, end, &fixed, sizeof(fixed)) ||
	    !tape_take(&at, end, &ret->nr_frames, sizeof(ret->nr_frames)) ||
	    ret->nr_frames > TAPE_MAX_FRAMES ||
	    !tape_take(&at, end, ret->frames, ret->nr_frames * sizeof(*ret->frames)))
		return false;
	ret->layout.offsets = fixed.offsets;
	ret->layout.types = fixed.types;
	ret->layout.new_positions = fixed.new_positions;
	ret->layout.nr_bytecodes = fixed.nr_bytecodes;
	memcpy(ret->layout.bytecode_sizes, fixed.bytecode_sizes, sizeof(fixed.bytecode_sizes));
	memcpy(ret->layout.frame_labels, fixed.frame_labels, sizeof(fixed.frame_labels));
	while (ret->nr_pieces < TAPE_MAX_PIECES) {
		uint64_t address;
		uint32_t length;

		if (!tape_take(&at, end, &address, sizeof(address)) ||
		    !tape_take(&at, end, &length, sizeof(length)) || length > (size_t)(end - at))
			break;
		ret->pieces[ret->nr_pieces].address = address;
		ret->pieces[ret->nr_pieces].size = length;
		ret->pieces[ret->nr_pieces++].bytes = at;
		at += length;
	}
	return true;
}

static inline int tape_read(void *data, uint64_t address, void *buffer, size_t size)
{
	const struct tape *tape = data;

	for (uint32_t i = 0; i < tape->nr_pieces; i++) {
		uint64_t into = address - tape->pieces[i].address;

		if (into > tape->pieces[i].size || size > tape->pieces[i].size - into)
			continue;
		memcpy(buffer, tape->pieces[i].bytes + into, size);
		return 0;
	}
	return -EFAULT;
}

#endif
