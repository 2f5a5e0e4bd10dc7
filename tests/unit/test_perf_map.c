// SPDX-License-Identifier: Apache-2.0
/* Perf maps: what a line says, which of two lines holds, V8's names; paths of file: URLs. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "symbolize/perf_map.h"
#include "util/url.h"

static struct perf_map *read_text(const char *text)
{
	int fd = memfd_create("map", MFD_CLOEXEC);
	struct perf_map *map = NULL;

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(perf_map_read(fd, &map), 0);
	close(fd);
	return map;
}

static void expect_name(const struct perf_map *map, uint64_t address, const char *name)
{
	const char *found = perf_map_find(map, address);

	if (name)
		assert_string_equal(found, name);
	else
		assert_null(found);
}

static void test_find(void **state)
{
	struct perf_map *map = read_text("1000 10 one\n"
					 "1020 10 two words\n"
					 "1000 100 outer, later\n"
					 "1020 8 newest\n");

	(void)state;
	expect_name(map, 0xfff, NULL);
	expect_name(map, 0x1000, "outer, later");
	expect_name(map, 0x1020, "newest");
	expect_name(map, 0x1028, "outer, later");
	expect_name(map, 0x10ff, "outer, later");
	expect_name(map, 0x1100, NULL);
	perf_map_free(map);
}

static void test_bad_lines(void **state)
{
	struct perf_map *map = read_text("\n"
					 "nonsense\n"
					 "1000\n"
					 "1000 0 empty\n"
					 "1000 10 \n"
					 "ffffffffffffffff 10 wraps\n"
					 "2000 10 good\n"
					 "3000 10 half a li");

	(void)state;
	expect_name(map, 0x1000, NULL);
	expect_name(map, 0xffffffffffffffff, NULL);
	expect_name(map, 0x2000, "good");
	expect_name(map, 0x3000, NULL);
	perf_map_free(map);
	map = read_text("");
	expect_name(map, 0, NULL);
	perf_map_free(map);
}

static void expect_function(const char *text, const char *name, const char *script, uint32_t line)
{
	struct perf_map_function function;

	assert_int_equal(perf_map_javascript(text, &function), 0);
	assert_string_equal(function.name, name);
	assert_string_equal(function.script, script);
	assert_int_equal(function.line, line);
	free(function.name);
	free(function.script);
}

static void test_javascript(void **state)
{
	struct perf_map_function function;

	(void)state;
	expect_function("JS:*handle /srv/my app.js:12:34", "handle", "/srv/my app.js", 12);
	expect_function("JS:^ /srv/app.js:7:1", "", "/srv/app.js", 7);
	expect_function("JS:+'a file:///x.mjs:1:2", "a", "file:///x.mjs", 1);
	expect_function("LazyCompile:~next node:internal/timers:500:3", "next",
			"node:internal/timers", 500);
	expect_function("Function:f nowhere", "f", "nowhere", 0);
	assert_int_equal(perf_map_javascript("Builtin:ArrayMap", &function), -ENOENT);
	assert_int_equal(perf_map_javascript("JS:*handle", &function), -ENOENT);
}

static void expect_path(const char *url, const char *path)
{
	char *found = url_file_path(url);

	if (path)
		assert_string_equal(found, path);
	else
		assert_null(found);
	free(found);
}

static void test_url(void **state)
{
	(void)state;
	expect_path("file:///srv/a%20b.mjs", "/srv/a b.mjs");
	expect_path("file:///100%", "/100%");
	expect_path("file:///%zz%4", "/%zz%4");
	expect_path("file:///%c3%A9", "/\xc3\xa9");
	expect_path("file://host/x", NULL);
	expect_path("/srv/x.js", NULL);
	expect_path("", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_bad_lines),
		cmocka_unit_test(test_javascript),
		cmocka_unit_test(test_url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
