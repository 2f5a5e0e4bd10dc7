// SPDX-License-Identifier: Apache-2.0
/*
 * Stacks of tests/v8/tape.js as they were recorded from Node 18, 20, 24 and 26: interpreted, of
 * the baseline compiler and of both optimizing ones, with functions inlined in one another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "../v8/tape.h"
#include "v8/resolver_private.h"

#define CORPUS	 "tests/fuzz/corpus/v8/"
#define MAX_TAPE (1 << 20)

#define CODE_DISTANCE (1 << 20) /* bytes, more than from code to its beginning */

static const struct v8_line wanted[] = {
	{"#turn", "/tmp/tape/tape.js", 16, 7, 14},    {"read", "/tmp/tape/tape.js", 11, 22, 10},
	{"inlined", "/tmp/tape/tape.js", 20, 15, 19}, {"", "/tmp/tape/tape.js", 23, 31, 23},
	{"reader", "/tmp/tape/tape.js", 23, 17, 22},  {"", "/tmp/tape/tape.js", 32, 1, 1},
};

struct playing {
	struct tape tape;
	size_t size;
	struct v8_resolver *resolver;
	uint8_t bytes[MAX_TAPE];
};

static struct playing *play(const char *name)
{
	struct playing *playing = calloc(1, sizeof(*playing));
	FILE *file = fopen(name, "re");

	assert_non_null(file);
	playing->size = fread(playing->bytes, 1, MAX_TAPE, file);
	fclose(file);
	assert_true(tape_open(playing->bytes, playing->size, &playing->tape));
	assert_true(v8_layout_is_sane(&playing->tape.layout));
	playing->resolver =
		v8_resolver_new_in((struct v8_memory){.read = tape_read, .data = &playing->tape},
				   &playing->tape.layout);
	return playing;
}

static void stop(struct playing *playing)
{
	v8_resolver_free(playing->resolver);
	free(playing);
}

/* The lines of frame @i are wanted[nr...]; returns how many that are. */
static uint32_t expect_frame(struct playing *playing, uint32_t i, uint32_t nr)
{
	const struct ht_js_frame *frame = &playing->tape.frames[i];
	const struct v8_place *place;
	uint32_t index;

	assert_int_equal(v8_resolver_find(playing->resolver, frame, &index), 0);
	place = v8_resolver_place(playing->resolver, index);
	assert_non_null(place);
	for (uint32_t k = 0; k < place->nr_lines; k++, nr++) {
		assert_true(nr < sizeof(wanted) / sizeof(wanted[0]));
		assert_string_equal(place->lines[k].function, wanted[nr].function);
		assert_string_equal(place->lines[k].script, wanted[nr].script);
		assert_int_equal(place->lines[k].line, wanted[nr].line);
		assert_int_equal(place->lines[k].column, wanted[nr].column);
		assert_int_equal(place->lines[k].start_line, wanted[nr].start_line);
	}
	return place->nr_lines;
}

static void expect_tape(const char *name, uint32_t nr_lines, uint64_t nr_reads)
{
	struct playing *playing = play(name);
	struct v8_resolver_stats first, second;
	uint32_t nr = 0;

	for (uint32_t i = 0; i < playing->tape.nr_frames; i++)
		nr += expect_frame(playing, i, nr);
	assert_int_equal(nr, nr_lines);
	v8_resolver_stats(playing->resolver, &first);
	assert_int_equal(first.unnamed, 0);
	assert_int_equal(first.unplaced, 0);
	/* What is known costs at most nr_reads more. */
	nr = 0;
	for (uint32_t i = 0; i < playing->tape.nr_frames; i++)
		nr += expect_frame(playing, i, nr);
	v8_resolver_stats(playing->resolver, &second);
	assert_int_equal(second.reads - first.reads, nr_reads);
	stop(playing);
}

static void test_interpreted(void **state)
{
	(void)state;
	expect_tape(CORPUS "v8-10.2-interpreted", 6, 0);
}

static void test_baseline(void **state)
{
	(void)state;
	expect_tape(CORPUS "v8-11.3-baseline", 3, 3);
}

static void test_optimized(void **state)
{
	(void)state;
	expect_tape(CORPUS "v8-13.6-optimized", 6, 2);
	expect_tape(CORPUS "v8-14.6-optimized", 6, 3);
}

/* The frame's ids are what counts: another function at its address is not taken for it. */
static void test_reused(void **state)
{
	struct playing *playing = play(CORPUS "v8-10.2-interpreted");
	struct ht_js_frame frame = playing->tape.frames[0];
	struct v8_resolver_stats stats;
	uint32_t place;

	(void)state;
	frame.literal_id = 1000;
	assert_int_equal(v8_resolver_find(playing->resolver, &frame, &place), 0);
	assert_int_equal(place, V8_NO_PLACE);
	frame = playing->tape.frames[0];
	frame.script_id++;
	assert_int_equal(v8_resolver_find(playing->resolver, &frame, &place), 0);
	assert_int_equal(place, V8_NO_PLACE);
	v8_resolver_stats(playing->resolver, &stats);
	assert_int_equal(stats.unnamed, 2);
	stop(playing);
}

/* What was named once is named for ever, whatever has become of its objects. */
static void test_gone(void **state)
{
	struct playing *playing = play(CORPUS "v8-10.2-interpreted");

	(void)state;
	expect_frame(playing, 0, 0);
	playing->tape.nr_pieces = 0;
	playing->tape.frames[0].function = playing->tape.frames[0].bytecode = 0;
	expect_frame(playing, 0, 0);
	/* even when the script has moved, its id being met once only */
	playing->tape.frames[0].script += 64;
	expect_frame(playing, 0, 0);
	stop(playing);
}

/* V8 has taken the data that say what was inlined from the code, and they are found all the same.
 */
static void test_dropped(void **state)
{
	(void)state;
	expect_tape(CORPUS "v8-10.2-dropped", 6, 2);
	expect_tape(CORPUS "v8-13.6-dropped", 6, 2);
}

/* The function alone is known, by its name and without a line. */
static void expect_unplaced(struct playing *playing, const struct ht_js_frame *frame,
			    const char *name)
{
	const struct v8_place *place;
	struct v8_resolver_stats stats;
	uint32_t index;

	assert_int_equal(v8_resolver_find(playing->resolver, frame, &index), 0);
	place = v8_resolver_place(playing->resolver, index);
	assert_non_null(place);
	assert_int_equal(place->nr_lines, 1);
	assert_string_equal(place->lines[0].function, name);
	assert_string_equal(place->lines[0].script, "/tmp/tape/tape.js");
	assert_int_equal(place->lines[0].line, 0);
	v8_resolver_stats(playing->resolver, &stats);
	assert_int_equal(stats.unplaced, 1);
	assert_int_equal(stats.unnamed, 0);
}

/* Nothing can be read where the code was. */
static void test_code_gone(void **state)
{
	struct playing *playing = play(CORPUS "v8-13.6-optimized");
	struct ht_js_frame frame = playing->tape.frames[1];

	(void)state;
	for (uint32_t i = 0; i < playing->tape.nr_pieces; i++)
		if (frame.pc - playing->tape.pieces[i].address < CODE_DISTANCE)
			playing->tape.pieces[i].size = 0;
	expect_unplaced(playing, &frame, "reader");
	stop(playing);
}

/* Other code has come to where the frame's was: its lines and inlined functions are not taken. */
static void test_code_reused(void **state)
{
	struct playing *playing = play(CORPUS "v8-13.6-optimized");
	struct ht_js_frame frame = playing->tape.frames[1];

	(void)state;
	frame.pc = playing->tape.frames[0].pc;
	expect_unplaced(playing, &frame, "reader");
	stop(playing);
}

static void test_initializers(void **state)
{
	static const char *const names[] = {"<instance_members_initializer>", "Book",
					    "<static_initializer>"};
	struct playing *playing = play(CORPUS "v8-14.6-initializers");
	uint32_t index;

	(void)state;
	assert_int_equal(playing->tape.nr_frames, 3);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(
			v8_resolver_find(playing->resolver, &playing->tape.frames[i], &index), 0);
		assert_string_equal(v8_resolver_place(playing->resolver, index)->lines[0].function,
				    names[i]);
	}
	stop(playing);
}

static void test_typed(void **state)
{
	struct playing *playing = play(CORPUS "v8-14.6-optimized");
	struct ht_js_frame frame = {.kind = HT_JS_TYPED, .type = 24};
	const struct v8_place *place;
	uint32_t index, again;

	(void)state;
	assert_int_equal(v8_resolver_find(playing->resolver, &frame, &index), 0);
	place = v8_resolver_place(playing->resolver, index);
	assert_int_equal(place->nr_lines, 1);
	assert_string_equal(place->lines[0].function, "[wasm]");
	assert_string_equal(place->lines[0].script, "");
	frame.pc = 7;
	assert_int_equal(v8_resolver_find(playing->resolver, &frame, &again), 0);
	assert_int_equal(index, again);
	frame.type = UINT16_MAX;
	assert_int_equal(v8_resolver_find(playing->resolver, &frame, &index), 0);
	assert_string_equal(v8_resolver_place(playing->resolver, index)->lines[0].function,
			    "[generated code]");
	assert_null(v8_resolver_place(playing->resolver, V8_NO_PLACE));
	stop(playing);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_interpreted), cmocka_unit_test(test_baseline),
		cmocka_unit_test(test_optimized),   cmocka_unit_test(test_reused),
		cmocka_unit_test(test_gone),	    cmocka_unit_test(test_typed),
		cmocka_unit_test(test_dropped),	    cmocka_unit_test(test_code_gone),
		cmocka_unit_test(test_code_reused), cmocka_unit_test(test_initializers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
