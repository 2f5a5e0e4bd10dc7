// SPDX-License-Identifier: Apache-2.0
/* Control groups by path, of both versions, as the machines that have them show them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "proc/cgroup_path.h"

static const char unified[] = "proc /proc proc rw 0 0\n"
			      "cgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n";
static const char legacy[] = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n"
			     "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"
			     "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n"
			     "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n";

static void check_path(const char *text, const char *mounts, const char *expected)
{
	char *path = cgroup_path_of(text, mounts);

	assert_string_equal(path, expected);
	free(path);
}

static void test_paths(void **state)
{
	(void)state;
	check_path("/sys/fs/cgroup/system.slice/x.service", unified, "/system.slice/x.service");
	check_path("/sys/fs/cgroup/system.slice/x.service/", unified, "/system.slice/x.service");
	check_path("system.slice/x.service", unified, "/system.slice/x.service");
	check_path("/docker/0123", unified, "/docker/0123");
	check_path("//docker//", unified, "/docker");
	check_path("/sys/fs/cgroup", unified, "/");
	check_path("/", unified, "/");
	check_path("/sys/fs/cgroup/memory/docker/0123", legacy, "/docker/0123");
	check_path("/sys/fs/cgroup/unified/init.scope", legacy, "/init.scope");
	check_path("/sys/fs/cgroup/memory", legacy, "/");
	/* not below that mount, only called alike */
	check_path("/sys/fs/cgroup/memory-hog", legacy, "/sys/fs/cgroup/memory-hog");
	check_path("x", "", "/x");
}

static void test_memberships(void **state)
{
	static const char v2[] = "0::/system.slice/x.service\n";
	static const char v1[] =
		"9:name=systemd:/\n4:memory:/docker/0123\n2:cpu,cpuacct:/docker/0123\n"
		"0::/\n";
	static const char colons[] = "0::/user.slice/a:b/c\n";

	(void)state;
	assert_true(cgroup_path_holds("/system.slice/x.service", v2));
	assert_true(cgroup_path_holds("/system.slice", v2));
	assert_false(cgroup_path_holds("/system.slice/x", v2));
	assert_false(cgroup_path_holds("/system.slice/x.service/below", v2));
	assert_false(cgroup_path_holds("/slice", v2));
	assert_true(cgroup_path_holds("/", v2));
	assert_true(cgroup_path_holds("/docker/0123", v1));
	assert_true(cgroup_path_holds("/docker", v1));
	assert_false(cgroup_path_holds("/docker/01", v1));
	assert_true(cgroup_path_holds("/user.slice/a:b", colons));
	assert_false(cgroup_path_holds("/user.slice", ""));
	assert_false(cgroup_path_holds("/user.slice", "garbage\n:\n::\n"));
	assert_false(cgroup_path_holds("/user.slice", "0::/user.sl"));
}

static void test_processes(void **state)
{
	(void)state;
	assert_int_equal(cgroup_path_has("/", getpid()), 1);
	assert_int_equal(cgroup_path_has("/no/such/group", getpid()), 0);
	assert_int_equal(cgroup_path_has("/", 1 << 30), -ESRCH);
	errno = 0;
	assert_null(cgroup_path_settle("no/such/group"));
	assert_int_equal(errno, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_memberships),
		cmocka_unit_test(test_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
