// SPDX-License-Identifier: Apache-2.0
/* The borders of well-formed UTF-8, and repair that leaves the good characters alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "util/utf8.h"

static void test_repair(void **state)
{
	static const struct {
		const char *text, *repaired;
	} examples[] = {
		{"", ""},
		{"plain", "plain"},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},	   /* U+10FFFF, the last */
		{"\xf4\x90\x80\x80", "????"},			   /* above it */
		{"\xed\x9f\xbf|\xed\xa0\x80", "\xed\x9f\xbf|???"}, /* surrogates begin */
		{"\xe0\xa0\x80|\xe0\x9f\xbf", "\xe0\xa0\x80|???"}, /* overlong */
		{"\xf0\x90\x80\x80|\xf0\x8f\xbf\xbf", "\xf0\x90\x80\x80|????"},
		{"\xc1\xbf", "??"},
		{"caf\xe9", "caf?"},	       /* Latin-1 at the end */
		{"\xe9t\xe9", "?t?"},	       /* and before a letter */
		{"\xe2\x82", "??"},	       /* cut off */
		{"a\x80z", "a?z"},	       /* a lone continuation */
		{"\xff\xc3\xa4", "?\xc3\xa4"}, /* a good one behind a bad one */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(*examples); i++) {
		const char *text = examples[i].text;
		bool valid = strcmp(text, examples[i].repaired) == 0;
		char copy[32];

		strcpy(copy, text);
		utf8_repair(copy);
		assert_string_equal(copy, examples[i].repaired);
		assert_int_equal(utf8_valid_size(copy), strlen(copy));
		assert_true(valid == (utf8_valid_size(text) == strlen(text)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_repair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
