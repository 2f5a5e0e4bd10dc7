// SPDX-License-Identifier: Apache-2.0
/*
 * Walks the tree of a string with a stack of its own, so that a hostile one costs no more than its
 * limits: the depth, the number of nodes and the number of characters.
 */
#include <errno.h>
#include <string.h>

#include "v8/string.h"

#define NOT_A_STRING	   0x80 /* set in other instance types: v8dbg_IsNotStringMask */
#define IS_ONE_BYTE	   0x08 /* v8dbg_StringEncodingMask */
#define REPRESENTATION	   0x07 /* v8dbg_StringRepresentationMask and its values */
#define SEQUENTIAL	   0x00
#define CONS		   0x01
#define EXTERNAL	   0x02
#define SLICED		   0x03
#define THIN		   0x05
#define UNCACHED	   0x10 /* an external string that does not keep where its data are */
#define MAX_DEPTH	   200
#define MAX_NODES	   10000
#define BLOCK		   4096
#define HEAD		   40 /* bytes of a string object that are looked at */
#define REPLACEMENT	   0xfffd
#define IS_HIGH(unit)	   (((unit)&0xfc00) == 0xd800)
#define IS_LOW(unit)	   (((unit)&0xfc00) == 0xdc00)
#define CODE_POINT(hi, lo) (0x10000 + (((uint32_t)(hi)&0x3ff) << 10) + ((lo)&0x3ff))

/* A part of a string that is still to be visited. */
struct part {
	uint64_t string;
	uint32_t skip, nr_chars; /* characters before it, and of it */
};

struct walk {
	struct v8_heap *heap;
	int (*visit)(void *arg, const struct v8_chars *chars);
	void *arg;
	struct part stack[MAX_DEPTH];
	uint32_t depth, nr_nodes;
};

uint16_t v8_char_at(const struct v8_chars *chars, uint32_t i)
{
	uint16_t unit;

	if (!chars->is_wide)
		return ((const uint8_t *)chars->chars)[i];
	memcpy(&unit, (const char *)chars->chars + (size_t)i * sizeof(unit), sizeof(unit));
	return unit;
}

static int push(struct walk *walk, uint64_t string, uint32_t skip, uint32_t nr_chars)
{
	if (!nr_chars)
		return 0;
	if (walk->depth == MAX_DEPTH)
		return -ELOOP;
	walk->stack[walk->depth++] = (struct part){string, skip, nr_chars};
	return 0;
}

/* Characters that lie in a row at @address. */
static int visit_flat(struct walk *walk, uint64_t address, bool is_wide, const struct part *part)
{
	uint32_t width = is_wide ? 2 : 1, done = 0;

	address += (uint64_t)part->skip * width;
	while (done < part->nr_chars) {
		char block[BLOCK];
		struct v8_chars chars = {block, part->nr_chars - done, is_wide};
		int err;

		if (chars.nr_chars > BLOCK / width)
			chars.nr_chars = BLOCK / width;
		err = v8_memory_read(walk->heap->memory, address + (uint64_t)done * width, block,
				     (size_t)chars.nr_chars * width);
		if (!err)
			err = walk->visit(walk->arg, &chars);
		if (err)
			return err;
		done += chars.nr_chars;
	}
	return 0;
}

static int string_length(struct v8_heap *heap, uint64_t string, uint32_t *ret)
{
	const struct v8_offsets *at = &heap->layout->offsets;
	char head[HEAD];
	uint16_t type;
	int32_t length;
	int err = v8_heap_read(heap, string, head, (size_t)at->string_length + sizeof(length));

	if (!err)
		err = v8_heap_type_of_map(heap, v8_word_at(head, 0), &type);
	if (err)
		return err;
	length = v8_int_at(head, at->string_length);
	if (type & ~0x7f || length < 0)
		return -ESTALE;
	*ret = (uint32_t)length;
	return 0;
}

/* Both halves of @head, a concatenation, as far as @part has them. */
static int push_halves(struct walk *walk, const char *head, const struct part *part)
{
	const struct v8_offsets *at = &walk->heap->layout->offsets;
	uint64_t first = v8_word_at(head, at->cons_first);
	uint64_t second = v8_word_at(head, at->cons_second);
	uint32_t nr_first, skip, nr;
	int err = string_length(walk->heap, first, &nr_first);

	if (err)
		return err;
	skip = part->skip > nr_first ? part->skip - nr_first : 0;
	nr = part->skip >= nr_first ? 0 : nr_first - part->skip;
	if (nr > part->nr_chars)
		nr = part->nr_chars;
	err = push(walk, second, skip, part->nr_chars - nr);
	return err ? err : push(walk, first, part->skip, nr);
}

static int visit_part(struct walk *walk, const struct part *part)
{
	const struct v8_offsets *at = &walk->heap->layout->offsets;
	uint64_t string = part->string, address = string - HT_V8_TAG;
	char head[HEAD];
	int32_t length;
	uint16_t type;
	int err = v8_heap_read(walk->heap, string, head, 2 * sizeof(uint64_t));

	if (!err)
		err = v8_heap_type_of_map(walk->heap, v8_word_at(head, 0), &type);
	if (err)
		return err;
	length = v8_int_at(head, at->string_length);
	if (type >= NOT_A_STRING || length < 0 || part->skip > (uint32_t)length ||
	    part->nr_chars > (uint32_t)length - part->skip)
		return -ESTALE;
	if ((type & REPRESENTATION) == SEQUENTIAL)
		return visit_flat(walk, address + (uint32_t)at->string_chars, !(type & IS_ONE_BYTE),
				  part);
	err = v8_heap_read(walk->heap, string, head, 4 * sizeof(uint64_t));
	if (err)
		return err;
	switch (type & REPRESENTATION) {
	case CONS:
		return push_halves(walk, head, part);
	case THIN:
		return push(walk, v8_word_at(head, at->thin_actual), part->skip, part->nr_chars);
	case SLICED:
		length = HT_V8_SMI(v8_word_at(head, at->sliced_offset));
		if (length < 0 || part->skip > (uint32_t)INT32_MAX - (uint32_t)length)
			return -ESTALE;
		return push(walk, v8_word_at(head, at->sliced_parent),
			    part->skip + (uint32_t)length, part->nr_chars);
	case EXTERNAL:
		if (type & UNCACHED)
			return -ENOTSUP;
		return visit_flat(walk, v8_word_at(head, at->external_data), !(type & IS_ONE_BYTE),
				  part);
	default:
		return -ESTALE;
	}
}

int v8_string_each(struct v8_heap *heap, uint64_t string, uint32_t limit,
		   int (*visit)(void *arg, const struct v8_chars *chars), void *arg)
{
	struct walk walk = {.heap = heap, .visit = visit, .arg = arg};
	bool is_cut = false;
	uint32_t nr_chars;
	int err = string_length(heap, string, &nr_chars);

	if (err)
		return err;
	if (nr_chars > limit) {
		is_cut = true;
		nr_chars = limit;
	}
	err = push(&walk, string, 0, nr_chars);
	while (!err && walk.depth) {
		struct part part = walk.stack[--walk.depth];

		if (++walk.nr_nodes > MAX_NODES)
			return -ELOOP;
		err = visit_part(&walk, &part);
	}
	if (!err && is_cut)
		err = -EFBIG;
	return err;
}

struct text {
	char *buffer;
	size_t size, used;
	uint16_t high; /* of a pair whose other half may come; 0: none */
};

/* false when it does not fit any more. */
static bool append(struct text *text, uint32_t code)
{
	unsigned char bytes[4];
	size_t nr = 0;

	if (code < 0x80) {
		bytes[nr++] = code < 0x20 || code == 0x7f ? '?' : (unsigned char)code;
	} else if (code < 0x800) {
		bytes[nr++] = (unsigned char)(0xc0 | code >> 6);
	} else if (code < 0x10000) {
		bytes[nr++] = (unsigned char)(0xe0 | code >> 12);
		bytes[nr++] = (unsigned char)(0x80 | (code >> 6 & 0x3f));
	} else {
		bytes[nr++] = (unsigned char)(0xf0 | code >> 18);
		bytes[nr++] = (unsigned char)(0x80 | (code >> 12 & 0x3f));
		bytes[nr++] = (unsigned char)(0x80 | (code >> 6 & 0x3f));
	}
	if (code >= 0x80)
		bytes[nr++] = (unsigned char)(0x80 | (code & 0x3f));
	if (nr >= text->size - text->used)
		return false;
	memcpy(text->buffer + text->used, bytes, nr);
	text->used += nr;
	return true;
}

static bool append_unit(struct text *text, uint16_t unit)
{
	uint16_t high = text->high;

	text->high = 0;
	if (high && IS_LOW(unit))
		return append(text, CODE_POINT(high, unit));
	if (high && !append(text, REPLACEMENT))
		return false;
	if (IS_HIGH(unit)) {
		text->high = unit;
		return true;
	}
	return append(text, IS_LOW(unit) ? REPLACEMENT : unit);
}

static int append_chars(void *arg, const struct v8_chars *chars)
{
	for (uint32_t i = 0; i < chars->nr_chars; i++)
		if (!append_unit(arg, v8_char_at(chars, i)))
			return 1;
	return 0;
}

int v8_string_read(struct v8_heap *heap, uint64_t string, char *buffer, size_t size)
{
	struct text text = {.buffer = buffer, .size = size};
	int result = v8_string_each(heap, string, (uint32_t)size, append_chars, &text);

	if (result < 0 && result != -EFBIG)
		return result;
	if (text.high)
		append(&text, REPLACEMENT);
	buffer[text.used] = '\0';
	return 0;
}
