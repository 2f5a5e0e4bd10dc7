// SPDX-License-Identifier: Apache-2.0
/*
 * Trying features: a counting program of a few instructions is attached to a function of heaptap
 * itself, the function is called, and the count read.
 */
#include "collect/caps.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collect/links.h"
#include "collect/own_code.h"

static const struct {
	const char *name, *text, *fallback;
} features[] = {
#define X(name, text, fallback) {#name, text, fallback},
	CAPS_FEATURES(X)
#undef X
};

const char *caps_feature_name(enum caps_feature feature)
{
	return features[feature].name;
}

const char *caps_feature_text(enum caps_feature feature)
{
	return features[feature].text;
}

const char *caps_feature_fallback(enum caps_feature feature)
{
	return features[feature].fallback;
}

int caps_disable(struct caps *caps, const char *names)
{
	while (*names) {
		size_t length = strcspn(names, ",");
		unsigned int i;

		for (i = 0; i < NR_CAPS_FEATURES; i++)
			if (strlen(features[i].name) == length &&
			    !strncmp(names, features[i].name, length))
				break;
		if (i == NR_CAPS_FEATURES)
			return -EINVAL;
		caps->disabled[i] = true;
		names += length + (names[length] == ',');
	}
	return 0;
}

/* A program that adds 1 to the only element of @map and returns 1. */
static int load_counter(int map, uint32_t attach_type)
{
	const struct bpf_insn code[] = {
		{.code = BPF_LD | BPF_DW | BPF_IMM,
		 .dst_reg = BPF_REG_1,
		 .src_reg = BPF_PSEUDO_MAP_VALUE,
		 .imm = map},
		{0},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_2, .imm = 1},
		{.code = BPF_STX | BPF_DW | BPF_ATOMIC,
		 .dst_reg = BPF_REG_1,
		 .src_reg = BPF_REG_2,
		 .imm = BPF_ADD},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach_type);
	int fd = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "heaptap_try", "GPL", code,
			       sizeof(code) / sizeof(code[0]), &opts);

	return fd < 0 ? -errno : fd;
}

static void *call_own_code(void *arg)
{
	own_code_emulated(1);
	return arg;
}

/* Attaches as asked, calls own code on another thread, and says whether the program ran. */
static int try_attach(uint32_t attach_type, pid_t pid)
{
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "heaptap_try", 4, 8, 1, NULL);
	uint64_t offset, cookie = 0, count = 0;
	int program, fds[2] = {-1, -1}, err;
	struct link_sites sites = {.path = "/proc/self/exe",
				   .offsets = &offset,
				   .cookies = &cookie,
				   .nr = 1,
				   .pid = pid};
	pthread_t thread;

	if (map < 0)
		return -errno;
	program = load_counter(map, attach_type);
	err = program < 0 ? program : own_code_offset(own_code_emulated, &offset);
	if (err < 0)
		goto out;
	if (attach_type)
		err = fds[0] = link_multi(program, attach_type, false, &sites);
	else
		err = link_perf(program, false, &sites, 0, fds);
	if (err < 0)
		goto out;
	err = -pthread_create(&thread, NULL, call_own_code, NULL);
	if (err)
		goto out;
	pthread_join(thread, NULL);
	err = bpf_map_lookup_elem(map, &(uint32_t){0}, &count) ? -errno : count ? 0 : -ENOSYS;
out:
	for (int i = 0; i < 2; i++)
		link_close_later(fds[i]);
	if (program >= 0)
		close(program);
	close(map);
	return err;
}

static int refused(int err, struct diag *diag)
{
	if (err == -EPERM || err == -EACCES)
		return diag_fail(
			diag, -EPERM,
			"the kernel refuses BPF programs on uprobes to this user (%s): run as "
			"root, or with CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE",
			strerror(-err));
	return diag_fail(
		diag, err,
		"this kernel cannot run BPF programs on uprobes (%s): it needs CONFIG_UPROBES, "
		"CONFIG_BPF_EVENTS and Linux 5.15",
		strerror(-err));
}

int caps_detect(struct caps *caps, struct diag *diag)
{
	int err;

	memset(caps->has, 0, sizeof(caps->has));
	caps->has[CAPS_multi] =
		!caps->disabled[CAPS_multi] && !try_attach(LINK_UPROBE_MULTI, getpid());
	caps->has[CAPS_session] = caps->has[CAPS_multi] && !caps->disabled[CAPS_session] &&
				  !try_attach(LINK_UPROBE_SESSION, getpid());
	if (caps->has[CAPS_multi])
		return 0;
	err = try_attach(0, getpid());
	return err ? refused(err, diag) : 0;
}
