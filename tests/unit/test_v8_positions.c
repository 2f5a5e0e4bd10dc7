// SPDX-License-Identifier: Apache-2.0
/*
 * Tables of source positions in both encodings, and bytecode offsets of baseline code, from literal
 * bytes. The tables of #turn() are what V8 10.2 made, and the same by the rules of 14.x.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "v8/baseline.h"
#include "v8/positions.h"
#include "v8/safepoint.h"

/* Entry at -1: 609, statement 0: 617, expression 5: 619, expression 10: 617 (as offsets). */
static const uint8_t old_table[] = {1, 132, 19, 2, 16, 11, 4, 11, 3};
static const uint8_t new_table[] = {2, 132, 19, 7, 16, 22, 4, 22, 3};

static void expect(const uint8_t *table, size_t size, bool is_new, int64_t offset, int32_t wanted)
{
	uint64_t raw;

	if (wanted < 0) {
		assert_int_equal(v8_positions_find(table, size, is_new, offset, &raw), -ENOENT);
		return;
	}
	assert_int_equal(v8_positions_find(table, size, is_new, offset, &raw), 0);
	assert_int_equal(V8_POSITION_OFFSET(raw), wanted);
	assert_int_equal(V8_POSITION_INLINING(raw), -1);
}

static void test_both_encodings(void **state)
{
	static const struct {
		int64_t offset;
		int32_t position;
	} rows[] = {{-2, -1}, {-1, 608}, {0, 612},  {4, 612},
		    {5, 613}, {9, 613},	 {10, 612}, {99, 612}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect(old_table, sizeof(old_table), false, rows[i].offset, rows[i].position);
		expect(new_table, sizeof(new_table), true, rows[i].offset, rows[i].position);
	}
}

static void test_detection(void **state)
{
	bool is_new = true;

	(void)state;
	assert_true(v8_positions_detect(old_table, sizeof(old_table), &is_new));
	assert_false(is_new);
	assert_true(v8_positions_detect(new_table, sizeof(new_table), &is_new));
	assert_true(is_new);
	assert_false(v8_positions_detect(NULL, 0, &is_new));
	assert_false(v8_positions_detect((const uint8_t *)"\x07", 1, &is_new));
}

static void test_inlined_position(void **state)
{
	uint64_t raw = 7ULL << 31 | 1235ULL << 1;

	(void)state;
	assert_int_equal(V8_POSITION_OFFSET(raw), 1234);
	assert_int_equal(V8_POSITION_INLINING(raw), 6);
	assert_int_equal(V8_POSITION_OFFSET(0), -1);
}

static void test_broken_tables(void **state)
{
	static const uint8_t unending[12] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
					     0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	uint64_t raw = 99;

	(void)state;
	assert_int_equal(v8_positions_find(NULL, 0, false, 5, &raw), -ENOENT);
	assert_int_equal(v8_positions_find(unending, sizeof(unending), false, 5, &raw), -EINVAL);
	assert_int_equal(v8_positions_find(old_table, 1, false, 5, &raw), -EINVAL);
	assert_int_equal(v8_positions_find(old_table, 2, false, 5, &raw), -EINVAL);
	assert_int_equal(raw, 99);
}

/* Bytecode 4 has three bytes, wide five, extra wide nine; bytecode 5 has one. */
static struct v8_layout some_layout(void)
{
	struct v8_layout layout;

	memset(&layout, 0, sizeof(layout));
	layout.nr_bytecodes = 6;
	for (int scale = 0; scale < V8_NR_SCALES; scale++) {
		layout.bytecode_sizes[scale][4] = (uint8_t)(1 + (2 << scale));
		layout.bytecode_sizes[scale][5] = 1;
	}
	return layout;
}

static void test_baseline(void **state)
{
	/* at 0: three bytes; 3: a wide one with its prefix; 9: one byte; 10: an extra wide one */
	static const uint8_t bytes[] = {4, 0, 0, 0, 4, 0, 0, 0, 0, 5, 1, 4, 0, 0, 0, 0, 0, 0, 0, 0};
	/* the prologue takes 20, then 10, 200, 0 and 30 bytes of code */
	static const uint8_t table[] = {20, 10, 200, 1, 0, 30};
	const struct v8_bytecode bytecode = {bytes, sizeof(bytes)};
	static const struct {
		uint64_t pc;
		int32_t offset;
	} rows[] = {{0, -1}, {20, -1}, {21, 0}, {30, 0}, {31, 3}, {230, 3}, {231, 10}, {260, 10}};
	const struct v8_layout layout = some_layout();
	int32_t offset;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(v8_baseline_find(&layout, table, sizeof(table), &bytecode,
						  rows[i].pc, &offset),
				 0);
		assert_int_equal(offset, rows[i].offset);
	}
}

static void test_baseline_that_does_not_fit(void **state)
{
	static const uint8_t bytes[] = {5, 5, 3, 5}, table[] = {1, 1, 1, 1, 1, 1, 1, 1};
	const struct v8_bytecode bytecode = {bytes, sizeof(bytes)}, odd = {bytes, 3};
	struct v8_layout layout = some_layout();
	int32_t offset;

	(void)state;
	assert_int_equal(v8_baseline_find(&layout, table, 8, &bytecode, 8, &offset), -EINVAL);
	assert_int_equal(v8_baseline_find(&layout, table, 2, &bytecode, 8, &offset), -EINVAL);
	assert_int_equal(v8_baseline_find(&layout, table, 8, &odd, 4, &offset), -EINVAL);
	layout.bytecode_sizes[0][5] = 0;
	assert_int_equal(v8_baseline_find(&layout, table, 8, &bytecode, 3, &offset), -EINVAL);
	layout.nr_bytecodes = 0;
	assert_int_equal(v8_baseline_find(&layout, table, 8, &bytecode, 1, &offset), -ENOTSUP);
}

/* Of one function of Node 22.0.0 and of one of 24.0.0, which has a word more at the beginning. */
static void test_safepoints(void **state)
{
	static const uint8_t old[] = {4,    0, 0,    0,	   0xa1, 0,    0, 0, 1,	   0, 0, 0,    0, 0,
				      0,    0, 0x42, 0,	   1,	 0x10, 1, 0, 0x77, 0, 2, 0x14, 1, 0,
				      0xd8, 0, 3,    0x18, 1,	 0,    9, 1, 0,	   0, 0, 0};
	static const uint8_t new[] = {6,    0, 0,    0, 4,    0,    0,	  0,	0x91, 0,    0,
				      0,    1, 0,    0, 0,    0x1f, 1,	  0xdb, 0,    0x54, 2,
				      0xdf, 0, 0xb7, 3, 0xe3, 0,    0xd7, 0,	0,    0};
	struct v8_safepoint point;

	(void)state;
	assert_int_equal(v8_safepoint_find(old, sizeof(old), 0, 0x77, &point), 0);
	assert_int_equal(point.deopt_index, 1);
	assert_int_equal(point.exit, 0x113);
	assert_int_equal(v8_safepoint_find(new, sizeof(new), 1, 0x54, &point), 0);
	assert_int_equal(point.deopt_index, 1);
	assert_int_equal(point.exit, 0xde);
	/* no call, a call that cannot be left, a table that is cut */
	assert_int_equal(v8_safepoint_find(new, sizeof(new), 1, 0x55, &point), -ENOENT);
	assert_int_equal(v8_safepoint_find(new, sizeof(new), 1, 0xd7, &point), -ENOENT);
	assert_int_equal(v8_safepoint_find(new, 19, 1, 0x1f, &point), -ENOENT);
	assert_int_equal(v8_safepoint_find(new, 15, 1, 0x1f, &point), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_encodings),
		cmocka_unit_test(test_detection),
		cmocka_unit_test(test_inlined_position),
		cmocka_unit_test(test_broken_tables),
		cmocka_unit_test(test_baseline),
		cmocka_unit_test(test_safepoints),
		cmocka_unit_test(test_baseline_that_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
