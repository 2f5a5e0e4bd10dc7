// SPDX-License-Identifier: Apache-2.0
/* The part of a profile whose stacks have a function: which samples, where they are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "part_profile.h"
#include "profile/focus.h"

static struct profile *make(void)
{
	struct profile *profile = profile_new();

	add_stack(profile, "malloc;f+g;main", 10);
	add_stack(profile, "malloc;[libz.so.1];g;g;main", 20);
	add_stack(profile, "calloc;h;main", 40);
	add_stack(profile, "", 80);
	assert_int_equal(profile_set_note(profile, "comm", "x"), 0);
	profile->period = 512;
	profile->time_ns = 5;
	profile->has_metric[METRIC_ALLOC_SPACE] = false;
	return profile;
}

/* NULL: not asked. */
static void expect(const char *only, const char *never, bool cut, const char *text)
{
	struct profile *profile = make(), *part = NULL;
	regex_t only_regex, never_regex;
	struct focus focus = {
		.only = only ? &only_regex : NULL,
		.never = never ? &never_regex : NULL,
		.cut = cut,
	};

	if (only)
		assert_int_equal(regcomp(&only_regex, only, REG_EXTENDED | REG_NOSUB), 0);
	if (never)
		assert_int_equal(regcomp(&never_regex, never, REG_EXTENDED | REG_NOSUB), 0);
	assert_int_equal(profile_focus(profile, &focus, &part), 0);
	expect_text(part, text);
	if (only)
		regfree(&only_regex);
	if (never)
		regfree(&never_regex);
	assert_string_equal(profile_note(part, "comm"), "x");
	assert_int_equal(part->period, 512);
	assert_int_equal(part->time_ns, 5);
	assert_false(part->has_metric[METRIC_ALLOC_SPACE]);
	assert_string_equal(part->mappings[0].file, "/bin/x");
	profile_free(part);
	profile_free(profile);
}

#define FIRST  "malloc;f;g;main 10"
#define SECOND "malloc;[libz.so.1];g;g;main 20"
#define THIRD  "calloc;h;main 40"

static void test_all(void **state)
{
	(void)state;
	expect(NULL, NULL, false, FIRST "|" SECOND "|" THIRD "| 80");
	expect(NULL, NULL, true, FIRST "|" SECOND "|" THIRD "| 80");
	expect(NULL, "nothing", false, FIRST "|" SECOND "|" THIRD "| 80");
}

static void test_only(void **state)
{
	(void)state;
	expect("^g$", NULL, false, FIRST "|" SECOND);
	expect("^f$", NULL, false, FIRST);
	expect("h|f", NULL, false, FIRST "|" THIRD);
	expect("libz", NULL, false, SECOND);
	expect("nothing", NULL, false, "");
}

static void test_never(void **state)
{
	(void)state;
	expect(NULL, "^f$", false, SECOND "|" THIRD "| 80");
	expect(NULL, "main", false, " 80");
	expect(NULL, "libz|^h$", false, FIRST "| 80");
	expect("^g$", "^f$", false, SECOND);
	expect("^g$", "^g$", false, "");
}

/* At the innermost that matches, also within the lines of one location; equal ones become one. */
static void test_cut(void **state)
{
	(void)state;
	expect("^g$", NULL, true, "g;main 10|g;g;main 20");
	expect("^f$", NULL, true, "f;g;main 10");
	expect("libz", NULL, true, "[libz.so.1];g;g;main 20");
	expect("^main$", NULL, true, "main 70");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_only),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
