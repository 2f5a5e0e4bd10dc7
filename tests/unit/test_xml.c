// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "export/xml.h"

static void assert_xml(const char *text, unsigned int columns, const char *expected)
{
	char *written = NULL;
	size_t size;
	FILE *out = open_memstream(&written, &size);

	xml_put(out, text, columns);
	fclose(out);
	assert_string_equal(written, expected);
	free(written);
}

static void test_escapes(void **state)
{
	(void)state;
	assert_xml("", 0, "");
	assert_xml("plain", 0, "plain");
	assert_xml("a<b>&\"c'", 0, "a&lt;b&gt;&amp;&quot;c&#39;");
	assert_xml("]]>", 0, "]]&gt;");
	assert_xml("\xc3\xbc\xe5\x88\x86", 0, "\xc3\xbc\xe5\x88\x86");
}

/* No character that XML 1.0 forbids, none that ends a line or turns the text. */
static void test_replaces(void **state)
{
	(void)state;
	assert_xml("a\x01\x08\x0b\x1f\x7fz", 0, "a?????z");
	assert_xml("a\n\t\rz", 0, "a???z");
	assert_xml("\xff\xc0\x80\xed\xa0\x80", 0, "??????");
	assert_xml("\xef\xbf\xbe\xef\xbf\xbf", 0, "??"); /* U+FFFE, U+FFFF */
	assert_xml("\xe2\x80\xae\xc2\x85", 0, "??");
	assert_xml("\xf4\x8f\xbf\xbd", 0, "\xf4\x8f\xbf\xbd");
	assert_xml("cut\xe2\x80", 0, "cut??");
}

static void test_cuts(void **state)
{
	(void)state;
	assert_xml("plain", 5, "plain");
	assert_xml("plain", 4, "pla\xe2\x80\xa6");
	assert_xml("plain", 1, "\xe2\x80\xa6");
	assert_xml("<<<<", 3, "&lt;&lt;\xe2\x80\xa6");
	/* of East Asia: two columns each */
	assert_xml("\xe5\x88\x86\xe9\x85\x8d", 4, "\xe5\x88\x86\xe9\x85\x8d");
	assert_xml("\xe5\x88\x86\xe9\x85\x8d", 3, "\xe5\x88\x86\xe2\x80\xa6");
	assert_xml("\xff\xff\xff", 2, "?\xe2\x80\xa6");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_replaces),
		cmocka_unit_test(test_cuts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
