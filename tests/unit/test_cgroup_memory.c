// SPDX-License-Identifier: Apache-2.0
/* The memory of control groups, as trees of files of both versions tell it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "proc/cgroup_memory.h"

static char top[] = "/tmp/heaptap-test.XXXXXX";
static char mounts[3 * PATH_MAX];

static void put(const char *directory, const char *name, const char *text)
{
	char path[2 * PATH_MAX];
	FILE *out;

	snprintf(path, sizeof(path), "mkdir -p %s/%s", top, directory);
	assert_int_equal(system(path), 0);
	snprintf(path, sizeof(path), "%s/%s/%s", top, directory, name);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static void check(const char *path, uint64_t used, uint64_t limit)
{
	struct cgroup_memory memory;

	assert_int_equal(cgroup_memory_of(path, mounts, &memory), 0);
	assert_int_equal(memory.used, used);
	assert_int_equal(memory.limit, limit);
}

static void test_versions(void **state)
{
	struct cgroup_memory memory = {7, 7};

	(void)state;
	put("two/slice/app", "memory.current", "4096\n");
	put("two/slice/app", "memory.max", "max\n");
	put("two/slice", "memory.current", "8192\n");
	put("two/slice", "memory.max", "1000000\n");
	put("two/free", "memory.current", "5\n");
	put("two/free", "memory.max", "max\n");
	put("one/docker/1", "memory.usage_in_bytes", "77\n");
	put("one/docker/1", "memory.limit_in_bytes", "500\n");
	put("one/docker", "memory.limit_in_bytes", "9223372036854771712\n");
	snprintf(mounts, sizeof(mounts),
		 "proc /proc proc rw 0 0\ncgroup2 %s/two cgroup2 rw 0 0\n"
		 "cgroup %s/one cgroup rw,memory 0 0\n",
		 top, top);
	check("/slice/app", 4096, 1000000); /* the limit of the group above */
	check("/slice", 8192, 1000000);
	check("/free", 5, 0);
	check("/docker/1", 77, 500);
	assert_int_equal(cgroup_memory_of("/gone", mounts, &memory), -ENOENT);
	assert_int_equal(memory.used, 7);
}

static int make(void **state)
{
	(void)state;
	return !mkdtemp(top);
}

static int drop(void **state)
{
	char command[PATH_MAX];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", top);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_versions, make, drop)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
