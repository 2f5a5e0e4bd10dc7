// SPDX-License-Identifier: Apache-2.0
/* The names in a store: which are its own, and what programs' names become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "store/profiles.h"

static void test_names(void **state)
{
	static const struct {
		const char *name;
		int64_t time; /* -1: none of the store's */
		pid_t pid;
	} known[] = {
		{"19700101T000000Z-1.pb.gz", 0, 1},
		{"20261126T171532Z-1234.pb.gz", 1795713332, 1234},
		{"20261126T171532Z-1234.2.pb.gz", 1795713332, 1234},
		{"20261126T171532Z-0.pb.gz", 1795713332, 0},
		{"20261126T171532Z-1234.pb", -1, 0},
		{"20261126T171532Z-1234.pb.gz~", -1, 0},
		{"20261126T171532Z-1234.0.pb.gz", -1, 0},
		{"20261126T171532Z-1234.x.pb.gz", -1, 0},
		{"20261126T171532Z-1234.2.3.pb.gz", -1, 0},
		{"20261126T171532Z--1.pb.gz", -1, 0},
		{"20261126T171532Z- 1.pb.gz", -1, 0},
		{"20261126T171532Z-99999999999.pb.gz", -1, 0},
		{"20261126T171532-1.pb.gz", -1, 0},
		{"20261326T171532Z-1.pb.gz", -1, 0},
		{".20261126T171532Z-1.pb.gz.0badcafe.tmp", -1, 0},
		{"", -1, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		int64_t time;
		pid_t pid;

		if (stored_profile_parse(known[i].name, &time, &pid) != (known[i].time >= 0))
			fail_msg("%s", known[i].name);
		if (known[i].time < 0)
			continue;
		assert_int_equal(time, known[i].time);
		assert_int_equal(pid, known[i].pid);
	}
}

static void test_escape(void **state)
{
	static const char *const known[][2] = {
		{"node", "node"},
		{"", "unknown"},
		{"a/b", "a%2Fb"},
		{"..", "%2E."},
		{"100%", "100%25"},
		{"\xc3\xa9", "%C3%A9"},
		{"--name redis*", "--name%20redis%2A"},
		{"a\nb", "a%0Ab"},
	};
	char longest[300];
	char *name;

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		name = store_escape(known[i][0]);
		assert_string_equal(name, known[i][1]);
		free(name);
	}
	memset(longest, '/', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	name = store_escape(longest);
	assert_true(strlen(name) <= 100);
	free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
