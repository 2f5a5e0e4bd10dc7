// SPDX-License-Identifier: Apache-2.0
/* Whose a sample is: by its labels, by the notes of a profile of one process, or nobody's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "export/group.h"

static void add(struct profile *profile, int64_t pid, const char *comm, const char *cgroup)
{
	struct profile_label labels[] = {
		{.key = "comm", .string = comm},
		{.key = "cgroup", .string = cgroup},
		{.key = "pid", .number = pid, .unit = ""},
	};
	struct profile_sample sample = {.labels = labels, .nr_labels = comm ? 3 : 0};

	assert_int_equal(profile_add_sample(profile, &sample), 0);
}

static void assert_name(const struct profile *profile, uint32_t sample, enum group_by by,
			const char *expected)
{
	char name[32];

	group_name(profile, &profile->samples[sample], by, name, sizeof(name));
	assert_string_equal(name, expected);
}

static void assert_same(const struct profile *profile, enum group_by by, bool expected)
{
	uint64_t a[2], b[2];

	group_key(profile, &profile->samples[0], by, a);
	group_key(profile, &profile->samples[1], by, b);
	assert_int_equal(a[0] == b[0] && a[1] == b[1], expected);
}

static void test_several(void **state)
{
	struct profile *profile = profile_new();

	(void)state;
	assert_int_equal(profile_set_note(profile, "target", "3 processes: --all"), 0);
	add(profile, 11, "web", "/a");
	add(profile, 12, "web", "/a");
	add(profile, 0, NULL, NULL);
	assert_true(group_is_of_several(profile));
	assert_same(profile, BY_PID, false);
	assert_same(profile, BY_COMM, true);
	assert_same(profile, BY_CGROUP, true);
	assert_name(profile, 0, BY_PID, "11 web");
	assert_name(profile, 1, BY_CGROUP, "/a");
	assert_name(profile, 1, BY_CONTAINER, "[none]");
	for (int by = BY_PID; by < NR_GROUP_BY; by++) {
		assert_name(profile, 2, by, "[none]");
		assert_int_equal(group_is_known(profile, by), by != BY_CONTAINER);
	}
	profile_free(profile);
}

/* A parent and the children that were followed: its notes are not theirs. */
static void test_followed(void **state)
{
	struct profile *profile = profile_new();

	(void)state;
	assert_int_equal(profile_set_note(profile, "target", "11 web /bin/web"), 0);
	assert_int_equal(profile_set_note(profile, "comm", "web"), 0);
	assert_int_equal(profile_set_note(profile, "container", "4d9f3c1b2a5e"), 0);
	add(profile, 0, NULL, NULL);
	assert_name(profile, 0, BY_PID, "11 web");
	assert_name(profile, 0, BY_CONTAINER, "4d9f3c1b2a5e");
	assert_int_equal(profile_set_note(profile, "targets", "2"), 0);
	assert_name(profile, 0, BY_PID, "[none]");
	assert_name(profile, 0, BY_CONTAINER, "[none]");
	profile_free(profile);
}

static void test_names(void **state)
{
	enum group_by by;

	(void)state;
	for (int i = BY_PID; i < NR_GROUP_BY; i++) {
		assert_int_equal(group_parse(group_by_name(i), &by), 0);
		assert_int_equal(by, i);
	}
	assert_int_equal(group_parse("nothing", &by), -EINVAL);
	assert_int_equal(group_parse("", &by), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_followed),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
