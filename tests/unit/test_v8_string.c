// SPDX-License-Identifier: Apache-2.0
/*
 * Strings of every form, in a heap made by hand, their text in UTF-8 and the lines they have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "v8/lines.h"
#include "v8/string.h"
#include "v8_heap.h"

enum {
	TWO_BYTE = 0x20,
	ONE_BYTE = 0x28,
	CONS = 0x21,
	EXTERNAL = 0x2a,
	UNCACHED = 0x3a,
	SLICED = 0x23,
	THIN = 0x25,
};

static uint64_t put_head(struct small_heap *heap, uint32_t at, uint16_t type, int32_t length)
{
	put_map(heap, at, type);
	put(heap, at + 12, &length, sizeof(length));
	return TAGGED(at);
}

static uint64_t put_text(struct small_heap *heap, uint32_t at, const char *text)
{
	put(heap, at + 16, text, strlen(text));
	return put_head(heap, at, ONE_BYTE, (int32_t)strlen(text));
}

static uint64_t put_pair(struct small_heap *heap, uint32_t at, uint16_t type, int32_t length,
			 uint64_t first, uint64_t second)
{
	put_word(heap, at + 16, first);
	put_word(heap, at + 24, second);
	return put_head(heap, at, type, length);
}

static void expect(struct small_heap *heap, uint64_t string, const char *wanted)
{
	char text[64];

	assert_int_equal(v8_string_read(&heap->heap, string, text, sizeof(text)), 0);
	assert_string_equal(text, wanted);
}

static void test_forms(void **state)
{
	static const uint16_t wide[] = {0x5c01, 'x', 0xd83d, 0xde00, 0xd800, '!', 0xdc00};
	struct small_heap *heap = malloc(sizeof(*heap));
	uint64_t hello, world, both;

	(void)state;
	small_heap_init(heap);
	hello = put_text(heap, 0x100, "hello ");
	world = put_text(heap, 0x200, "w\xf6rld\n");
	expect(heap, hello, "hello ");
	expect(heap, world, "wörld?");
	both = put_pair(heap, 0x300, CONS, 12, hello, world);
	expect(heap, both, "hello wörld?");
	expect(heap, put_pair(heap, 0x340, THIN, 12, both, 0), "hello wörld?");
	expect(heap, put_pair(heap, 0x380, SLICED, 5, both, SMI(4)), "o wör");
	expect(heap, put_pair(heap, 0x3c0, CONS, 12, both, put_text(heap, 0x700, "")),
	       "hello wörld?");
	put(heap, 0x416, "outside", 7);
	expect(heap, put_pair(heap, 0x440, EXTERNAL, 7, 0, HEAP_BASE + 0x416), "outside");
	put(heap, 0x510, wide, sizeof(wide));
	expect(heap, put_head(heap, 0x500, TWO_BYTE, 7), "封x😀\xef\xbf\xbd!\xef\xbf\xbd");
	free(heap);
}

/* In a collection's pause the first word is the address of the copy, which is no tagged word. */
static void test_moved(void **state)
{
	struct small_heap *heap = malloc(sizeof(*heap));
	char text[64];

	(void)state;
	small_heap_init(heap);
	put_text(heap, 0x100, "moved");
	put_text(heap, 0x200, "moved");
	put_word(heap, 0x100, HEAP_BASE + 0x200);
	expect(heap, TAGGED(0x100), "moved");
	/* no further than to the copy, and not to what is none */
	put_word(heap, 0x200, HEAP_BASE + 0x100);
	assert_int_equal(v8_string_read(&heap->heap, TAGGED(0x100), text, sizeof(text)), -ESTALE);
	put_word(heap, 0x100, 0);
	assert_int_equal(v8_string_read(&heap->heap, TAGGED(0x100), text, sizeof(text)), -ESTALE);
	free(heap);
}

static void test_limits(void **state)
{
	struct small_heap *heap = malloc(sizeof(*heap));
	char text[8];

	(void)state;
	small_heap_init(heap);
	assert_int_equal(v8_string_read(&heap->heap, put_text(heap, 0x100, "much too long"), text,
					sizeof(text)),
			 0);
	assert_string_equal(text, "much to");
	/* A character is not cut in the middle. */
	assert_int_equal(v8_string_read(&heap->heap, put_text(heap, 0x100, "sixsix\xf6"), text,
					sizeof(text)),
			 0);
	assert_string_equal(text, "sixsix");
	free(heap);
}

static void test_hostile(void **state)
{
	struct small_heap *heap = malloc(sizeof(*heap));
	uint64_t hello, itself = TAGGED(0x300);
	char text[64];

	(void)state;
	small_heap_init(heap);
	hello = put_text(heap, 0x100, "hello ");
	const struct {
		uint64_t string;
		int err;
	} rows[] = {
		{SMI(7), -EINVAL},
		{HEAP_BASE - 0x1000 + 1, -EFAULT},
		{put_pair(heap, 0x300, CONS, 40, itself, itself), -ELOOP},
		{put_pair(heap, 0x340, CONS, 12, hello, TAGGED(0x340)), 0}, /* twice hello */
		{put_pair(heap, 0x380, SLICED, 4, hello, SMI(3)), -ESTALE},
		{put_pair(heap, 0x3c0, SLICED, 4, hello, SMI(-3)), -ESTALE},
		{put_pair(heap, 0x400, EXTERNAL, 4, 0, 0), -EFAULT},
		{put_pair(heap, 0x440, UNCACHED, 4, 0, HEAP_BASE), -ENOTSUP},
		{put_head(heap, 0x480, 205, 4), -ESTALE},
		{put_head(heap, 0x4c0, ONE_BYTE, -4), -ESTALE},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(v8_string_read(&heap->heap, rows[i].string, text, sizeof(text)),
				 rows[i].err);
	free(heap);
}

static void expect_line(const struct v8_lines *lines, int32_t position, int32_t line,
			int32_t column)
{
	int32_t got_line, got_column;

	assert_true(v8_lines_find(lines, position, &got_line, &got_column));
	assert_int_equal(got_line, line);
	assert_int_equal(got_column, column);
}

static void test_lines(void **state)
{
	struct small_heap *heap = malloc(sizeof(*heap));
	struct v8_lines lines;
	int32_t line, column;

	(void)state;
	small_heap_init(heap);
	/* the pair of CR and LF is in both halves */
	assert_int_equal(v8_lines_read(&heap->heap, 0,
				       put_pair(heap, 0x300, CONS, 10,
						put_text(heap, 0x100, "ab\ncd\r"),
						put_text(heap, 0x200, "\n\rgh")),
				       &lines),
			 0);
	assert_int_equal(lines.nr_ends, 3);
	expect_line(&lines, 0, 0, 0);
	expect_line(&lines, 2, 0, 2);
	expect_line(&lines, 3, 1, 0);
	expect_line(&lines, 6, 1, 3);
	expect_line(&lines, 7, 2, 0);
	expect_line(&lines, 8, 3, 0);
	expect_line(&lines, 10, 3, 2);
	assert_false(v8_lines_find(&lines, 11, &line, &column));
	assert_false(v8_lines_find(&lines, -1, &line, &column));
	v8_lines_done(&lines);
	free(heap);
}

/* V8's own array says the same without the source; one that does not ascend is not believed. */
static void test_line_ends(void **state)
{
	struct small_heap *heap = malloc(sizeof(*heap));
	struct v8_lines lines;

	(void)state;
	small_heap_init(heap);
	put_map(heap, 0x100, 205);
	put_word(heap, 0x108, SMI(3));
	put_word(heap, 0x110, SMI(2));
	put_word(heap, 0x118, SMI(6));
	put_word(heap, 0x120, SMI(9));
	assert_int_equal(v8_lines_read(&heap->heap, TAGGED(0x100), 0, &lines), 0);
	assert_int_equal(lines.nr_ends, 3);
	expect_line(&lines, 7, 2, 0);
	v8_lines_done(&lines);
	put_word(heap, 0x118, SMI(1));
	assert_int_equal(v8_lines_read(&heap->heap, TAGGED(0x100), put_text(heap, 0x200, "a\nb"),
				       &lines),
			 0);
	assert_int_equal(lines.nr_ends, 1);
	v8_lines_done(&lines);
	free(heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),  cmocka_unit_test(test_moved),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_lines),  cmocka_unit_test(test_line_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
