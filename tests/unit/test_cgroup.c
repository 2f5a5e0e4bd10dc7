// SPDX-License-Identifier: Apache-2.0
/* Control groups and containers, as docker, kubernetes, podman, lxc and systemd arrange them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "proc/cgroup.h"

#define ID "4d9f3c1b2a5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8"

static const struct {
	const char *memberships, *path, *container;
} known[] = {
	{"0::/system.slice/redis-server.service\n", "/system.slice/redis-server.service", ""},
	{"0::/\n", "/", ""},
	{"", "/", ""},
	{"garbage\n::\n", "/", ""},
	/* docker, systemd driver on version 2, cgroupfs driver on version 1 */
	{"0::/system.slice/docker-" ID ".scope\n", "/system.slice/docker-" ID ".scope",
	 "4d9f3c1b2a5e"},
	{"12:cpuset:/docker/" ID "\n11:cpu,cpuacct:/docker/" ID "\n4:memory:/docker/" ID
	 "\n1:name=systemd:/docker/" ID "\n0::/system.slice/containerd.service\n",
	 "/system.slice/containerd.service", "4d9f3c1b2a5e"},
	{"4:memory:/docker/" ID "\n1:name=systemd:/docker/" ID "\n0::/\n", "/docker/" ID,
	 "4d9f3c1b2a5e"},
	{"5:cpu,memory:/a\n", "/a", ""},
	{"5:memory2:/a\n", "/", ""},
	/* kubernetes: the pod's own id has dashes or underscores */
	{"0::/kubepods.slice/kubepods-burstable.slice/"
	 "kubepods-burstable-pod1a2b3c4d_5e6f_7081_92a3_b4c5d6e7f809.slice/cri-containerd-" ID
	 ".scope\n",
	 "/kubepods.slice/kubepods-burstable.slice/"
	 "kubepods-burstable-pod1a2b3c4d_5e6f_7081_92a3_b4c5d6e7f809.slice/cri-containerd-" ID
	 ".scope",
	 "4d9f3c1b2a5e"},
	{"3:memory:/kubepods/besteffort/pod1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809/" ID "\n",
	 "/kubepods/besteffort/pod1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809/" ID, "4d9f3c1b2a5e"},
	{"0::/kubepods/pod1/crio-" ID ".scope/container\n",
	 "/kubepods/pod1/crio-" ID ".scope/container", "4d9f3c1b2a5e"},
	{"0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope\n",
	 "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope",
	 "4d9f3c1b2a5e"},
	/* an id with a digit more or less is none */
	{"4:memory:/ecs/0123456789abcdef0123456789abcdef/0123456789abcdef0123456789abcdef-1234567890\n",
	 "/ecs/0123456789abcdef0123456789abcdef/0123456789abcdef0123456789abcdef-1234567890",
	 "0123456789ab-1234567890"},
	{"0::/ecs/0123456789abcdef0123456789abcdef/x-1\n",
	 "/ecs/0123456789abcdef0123456789abcdef/x-1", ""},
	{"0::/x/" ID "0\n", "/x/" ID "0", ""},
	{"0::/lxc.payload.web/system.slice/nginx.service\n",
	 "/lxc.payload.web/system.slice/nginx.service", "web"},
	{"4:memory:/lxc/db1/init.scope\n", "/lxc/db1/init.scope", "db1"},
	{"0::/lxc/\n", "/lxc/", ""},
};

/* Under both versions at once memory may be counted elsewhere than the process is listed. */
static void test_memory(void **state)
{
	static const struct {
		const char *memberships, *memory;
	} cases[] = {
		{"4:memory:/docker/1\n0::/system.slice/a.service\n", "/docker/1"},
		{"4:memory:/\n0::/system.slice/a.service\n", "/"},
		{"1:name=systemd:/b\n0::/system.slice/a.service\n", "/system.slice/a.service"},
		{"1:name=systemd:/b\n", "/"},
	};
	struct cgroup cgroup;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(cgroup_parse(cases[i].memberships, &cgroup), 0);
		assert_string_equal(cgroup.memory, cases[i].memory);
		cgroup_done(&cgroup);
	}
}

static void test_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct cgroup cgroup;

		assert_int_equal(cgroup_parse(known[i].memberships, &cgroup), 0);
		assert_string_equal(cgroup.path, known[i].path);
		assert_string_equal(cgroup.container, known[i].container);
		cgroup_done(&cgroup);
	}
}

static void test_own(void **state)
{
	struct cgroup cgroup;

	(void)state;
	assert_int_equal(cgroup_read(getpid(), &cgroup), 0);
	assert_int_equal(cgroup.path[0], '/');
	cgroup_done(&cgroup);
	assert_null(cgroup.path);
	assert_true(cgroup_read(1 << 30, &cgroup) < 0);
	cgroup_done(&cgroup);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
