// SPDX-License-Identifier: Apache-2.0
/*
 * A space of code with two objects in it, and a hole: pcs in them, between and behind them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "v8/code.h"
#include "v8/stream.h"
#include "v8_heap.h"

#define FIRST	    0x4000 /* InstructionStreams */
#define SECOND	    0x5000
#define HOLE	    0x5800 /* begins where the second ends */
#define HEADER	    16
#define FIRST_CODE  0x1000 /* their Code objects */
#define SECOND_CODE 0x1100
#define TYPE_CODE   150
#define TYPE_STREAM 151
#define FEW_READS   8

static void put_code(struct small_heap *heap, uint32_t at, uint32_t code, uint32_t size)
{
	put_map(heap, at, TYPE_STREAM);
	put_word(heap, at + 8, TAGGED(code));
	put_map(heap, code, TYPE_CODE);
	put_word(heap, code + 8, HEAP_BASE + at + HEADER);
	put(heap, code + 16, &size, sizeof(size));
}

static void init(struct small_heap *heap)
{
	small_heap_init(heap);
	heap->layout.types.code = TYPE_CODE;
	heap->layout.types.stream = TYPE_STREAM;
	heap->layout.types.kind_mask = 0xf;
	heap->layout.types.kind_shift = 0;
	heap->layout.types.kind_interpreted = 1;
	heap->layout.types.kind_baseline = 2;
	heap->layout.offsets.stream_code = 8;
	heap->layout.offsets.stream_start = HEADER;
	heap->layout.offsets.code_start = 8;
	heap->layout.offsets.code_size = 16;
	heap->layout.offsets.code_flags = 20;
	heap->layout.offsets.code_positions = 24;
	heap->layout.offsets.code_deopt = 32;
	put_code(heap, FIRST, FIRST_CODE, SECOND - FIRST - HEADER);
	put_code(heap, SECOND, SECOND_CODE, HOLE - SECOND - HEADER);
}

static void test_inside(void **state)
{
	struct small_heap heap;
	struct v8_code_head head;

	(void)state;
	init(&heap);
	assert_int_equal(v8_stream_find(&heap.heap, HEAP_BASE + SECOND - 1, &head), 0);
	assert_int_equal(head.object, TAGGED(FIRST_CODE));
	/* What a call returns to may be the first byte behind. */
	assert_int_equal(v8_stream_find(&heap.heap, HEAP_BASE + SECOND, &head), 0);
	assert_int_equal(head.object, TAGGED(FIRST_CODE));
	assert_int_equal(v8_stream_find(&heap.heap, HEAP_BASE + HOLE, &head), 0);
	assert_int_equal(head.object, TAGGED(SECOND_CODE));
}

/* In a hole: the object before it says so, and no other is looked at. */
static void test_hole(void **state)
{
	struct small_heap heap;
	struct v8_code_head head;
	uint64_t before;

	(void)state;
	init(&heap);
	assert_int_equal(v8_stream_find(&heap.heap, HEAP_BASE + HOLE, &head), 0);
	before = heap.memory.nr_reads;
	assert_int_equal(v8_stream_find(&heap.heap, HEAP_BASE + HOLE + 64, &head), -ESTALE);
	assert_true(heap.memory.nr_reads - before <= FEW_READS);
}

/* A word of machine code like a map: the Code behind it does not name the place. */
static void test_lookalike(void **state)
{
	struct small_heap heap;
	struct v8_code_head head;

	(void)state;
	init(&heap);
	put_map(&heap, SECOND + 256, TYPE_STREAM);
	put_word(&heap, SECOND + 264, TAGGED(FIRST_CODE));
	assert_int_equal(v8_stream_find(&heap.heap, HEAP_BASE + SECOND + 512, &head), 0);
	assert_int_equal(head.object, TAGGED(SECOND_CODE));
}

/* What was not found costs nothing the next time, and is looked for again a while later. */
static void test_miss(void **state)
{
	struct small_heap heap;
	struct v8_codes codes;
	const struct v8_code *code;
	uint64_t before;

	(void)state;
	init(&heap);
	v8_codes_init(&codes, &heap.heap);
	assert_int_equal(v8_codes_find(&codes, HEAP_BASE + HOLE + 64, &code), -ESTALE);
	put_code(&heap, HOLE, FIRST_CODE, 256);
	before = heap.memory.nr_reads;
	assert_int_equal(v8_codes_find(&codes, HEAP_BASE + HOLE + 64, &code), -ESTALE);
	assert_int_equal(heap.memory.nr_reads, before);
	for (uint32_t i = 0; i < 1 << V8_MISSES_BITS; i++)
		codes.misses.of[i].until_ns = 0;
	assert_int_equal(v8_codes_find(&codes, HEAP_BASE + HOLE + 64, &code), 0);
	assert_int_equal(code->object, TAGGED(FIRST_CODE));
	v8_codes_done(&codes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inside),
		cmocka_unit_test(test_hole),
		cmocka_unit_test(test_lookalike),
		cmocka_unit_test(test_miss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
