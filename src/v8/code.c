// SPDX-License-Identifier: Apache-2.0
/*
 * The ranges of code that are known, and what belongs to each.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "v8/code.h"
#include "v8/dropped.h"
#include "v8/script.h"
#include "v8/shared.h"
#include "v8/stream.h"

#define MAX_TABLE     (16 << 20) /* bytes of positions of one function */
#define MAX_CODES     (1 << 16)	 /* then all are forgotten and found again */
#define WEAK_BITS     3
#define IS_WEAK(word) (((word)&WEAK_BITS) == WEAK_BITS)
#define WRAPPED	      8	 /* SharedFunctionInfoWrapper to its only field */
#define INLINING_SIZE 16 /* of V8's InliningPosition: a position and an int, padded */

_Static_assert(sizeof(struct v8_inlining) == INLINING_SIZE, "copied from the heap as it is");

void v8_codes_init(struct v8_codes *codes, struct v8_heap *heap)
{
	*codes = (struct v8_codes){.heap = heap};
}

static void code_done(struct v8_code *code)
{
	free(code->positions);
	free(code->inlinings);
}

void v8_codes_done(struct v8_codes *codes)
{
	for (size_t i = 0; i < codes->nr_codes; i++)
		code_done(&codes->codes[i]);
	free(codes->codes);
	codes->codes = NULL;
	codes->nr_codes = codes->nr_allocated = 0;
}

/* The index of the first code that ends at or behind @pc. */
static size_t index_of(const struct v8_codes *codes, uint64_t pc)
{
	size_t low = 0, high = codes->nr_codes;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (codes->codes[middle].start + codes->codes[middle].size < pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void forget(struct v8_codes *codes, size_t first, size_t nr)
{
	if (!nr)
		return;
	for (size_t i = first; i < first + nr; i++)
		code_done(&codes->codes[i]);
	codes->nr_codes -= nr;
	memmove(&codes->codes[first], &codes->codes[first + nr],
		(codes->nr_codes - first) * sizeof(*codes->codes));
}

/* Takes what @code owns, also when it fails. What overlaps it is not there any more. */
static int insert(struct v8_codes *codes, struct v8_code *code, size_t *ret_index)
{
	size_t first, nr = 0;

	if (codes->nr_codes == MAX_CODES)
		forget(codes, 0, MAX_CODES);
	first = index_of(codes, code->start + 1);
	while (first + nr < codes->nr_codes &&
	       codes->codes[first + nr].start < code->start + code->size)
		nr++;
	forget(codes, first, nr);
	if (codes->nr_codes == codes->nr_allocated) {
		size_t allocated = codes->nr_allocated ? codes->nr_allocated * 2 : 64;
		struct v8_code *grown = realloc(codes->codes, allocated * sizeof(*grown));

		if (!grown) {
			code_done(code);
			return -ENOMEM;
		}
		codes->codes = grown;
		codes->nr_allocated = allocated;
	}
	memmove(&codes->codes[first + 1], &codes->codes[first],
		(codes->nr_codes - first) * sizeof(*codes->codes)); /* grown: never NULL */
	codes->codes[first] = *code;
	codes->nr_codes++;
	*ret_index = first;
	return 0;
}

static enum v8_code_kind kind_of(const struct v8_layout *layout, uint32_t flags)
{
	const struct v8_types *types = &layout->types;
	uint32_t shift = types->kind_shift > 0 ? (uint32_t)types->kind_shift & 31 : 0;
	int32_t kind = (int32_t)((flags & (uint32_t)types->kind_mask) >> shift);

	if (kind == types->kind_baseline)
		return V8_CODE_BASELINE;
	if (kind == types->kind_interpreted)
		return V8_CODE_INTERPRETED;
	/* Behind baseline come maglev and turbofan, and nothing else. */
	return kind > types->kind_baseline ? V8_CODE_OPTIMIZED : V8_CODE_OTHER;
}

static int array_word(struct v8_heap *heap, uint64_t array, int32_t index, uint64_t *ret)
{
	const struct v8_offsets *at = &heap->layout->offsets;
	uint64_t length;
	int err = v8_heap_word(heap, array, at->array_length, &length);

	if (err)
		return err;
	if (HT_V8_IS_OBJECT(length) || index < 0 || index >= HT_V8_SMI(length))
		return -ESTALE;
	return v8_memory_read(heap->memory,
			      array - HT_V8_TAG + (uint32_t)at->array_data +
				      (uint64_t)index * sizeof(*ret),
			      ret, sizeof(*ret));
}

/* Which function @code is of, by what never changes. */
static int read_function(struct v8_heap *heap, uint64_t deopt, struct v8_code *code)
{
	struct v8_shared shared;
	uint64_t object;
	uint16_t type;
	int err = array_word(heap, deopt, heap->layout->offsets.deopt_shared, &object);

	if (!err)
		err = v8_heap_type(heap, object, &type);
	if (!err && type != heap->layout->types.shared)
		err = v8_heap_word(heap, object, WRAPPED, &object);
	if (!err)
		err = v8_shared_read(heap, object, &shared);
	if (!err)
		err = v8_script_read_id(heap, shared.script, &code->script_id);
	if (err)
		return err;
	code->literal_id = shared.literal_id;
	code->has_function = true;
	return 0;
}

static int read_inlinings(struct v8_heap *heap, uint64_t deopt, struct v8_code *code)
{
	const struct v8_offsets *at = &heap->layout->offsets;
	uint64_t literals, array;
	uint32_t size;
	uint8_t *bytes;
	int err = array_word(heap, deopt, at->deopt_literals, &literals);

	if (!err)
		err = array_word(heap, deopt, at->deopt_inlining, &array);
	if (!err)
		err = v8_heap_bytes(heap, array, MAX_TABLE, &bytes, &size);
	if (err)
		return err;
	code->literals = literals;
	code->nr_inlinings = size / INLINING_SIZE;
	code->inlinings = calloc(code->nr_inlinings + 1, INLINING_SIZE);
	if (code->inlinings)
		memcpy(code->inlinings, bytes, (size_t)code->nr_inlinings * INLINING_SIZE);
	free(bytes);
	return code->inlinings ? 0 : -ENOMEM;
}

/* What cannot be read now is not remembered as if it were not there. */
static int read_optimized(struct v8_heap *heap, uint64_t pc, struct v8_code *code)
{
	uint64_t deopt = code->deopt;
	int err;

	if (v8_dropped_is(heap, deopt) && v8_dropped_find(heap, code, pc, &deopt))
		return 0;
	err = read_function(heap, deopt, code);
	return err ? err : read_inlinings(heap, deopt, code);
}

static int read_code(struct v8_heap *heap, const struct v8_code_head *head, uint64_t pc,
		     struct v8_code *code)
{
	int err;

	code->start = head->start;
	code->size = head->size;
	code->object = head->object;
	code->map = head->map;
	code->table = head->table;
	code->deopt = head->deopt;
	code->kind = kind_of(heap->layout, head->flags);
	if (code->kind != V8_CODE_BASELINE && code->kind != V8_CODE_OPTIMIZED)
		return 0;
	err = v8_heap_bytes(heap, head->table, MAX_TABLE, &code->positions, &code->positions_size);
	if (err == -ENOMEM)
		return err;
	return code->kind == V8_CODE_OPTIMIZED ? read_optimized(heap, pc, code) : 0;
}

static bool is_there(struct v8_heap *heap, const struct v8_code *code)
{
	struct v8_code_head head;

	return !v8_code_head_read(heap, code->object, &head) && head.map == code->map &&
	       head.start == code->start && head.size == code->size && head.table == code->table &&
	       kind_of(heap->layout, head.flags) == code->kind &&
	       (head.deopt == code->deopt ||
		(code->kind == V8_CODE_OPTIMIZED && v8_dropped_is(heap, head.deopt)));
}

/* The code with @pc that is not known yet. @ret owns what it has on success only. */
static int search(struct v8_heap *heap, uint64_t pc, struct v8_code *ret)
{
	struct v8_code_head head;
	int err = v8_stream_find(heap, pc, &head);

	if (err)
		return err;
	err = read_code(heap, &head, pc, ret);
	if (!err && !is_there(heap, ret))
		err = -ESTALE; /* moved while it was read */
	if (err)
		code_done(ret);
	return err;
}

int v8_codes_find(struct v8_codes *codes, uint64_t pc, const struct v8_code **ret)
{
	size_t i = index_of(codes, pc);
	struct v8_code code = {0};
	int err;

	if (i < codes->nr_codes && codes->codes[i].start < pc) {
		if (is_there(codes->heap, &codes->codes[i])) {
			*ret = &codes->codes[i];
			return 0;
		}
		forget(codes, i, 1);
	}
	if (v8_misses_have(&codes->misses, pc))
		return -ESTALE;
	err = search(codes->heap, pc, &code);
	if (err) {
		v8_misses_add(&codes->misses, pc);
		return err;
	}
	code.serial = ++codes->serial;
	err = insert(codes, &code, &i);
	if (!err)
		*ret = &codes->codes[i];
	return err;
}

bool v8_code_is_of(const struct v8_code *code, const struct ht_js_frame *frame)
{
	return code->has_function && code->script_id == (int32_t)frame->script_id &&
	       code->literal_id == (int32_t)frame->literal_id;
}

int v8_code_literal(struct v8_heap *heap, const struct v8_code *code, int32_t index, uint64_t *ret)
{
	uint64_t word;
	int err = array_word(heap, code->literals, index, &word);

	if (err)
		return err;
	*ret = IS_WEAK(word) ? (word & ~(uint64_t)WEAK_BITS) | HT_V8_TAG : word;
	return 0;
}
