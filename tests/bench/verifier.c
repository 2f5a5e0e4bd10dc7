// SPDX-License-Identifier: Apache-2.0
/*
 * What each BPF program costs the verifier of the running kernel: one row a program with the
 * instructions it has and those the verifier processed. Fails when a program that this kernel is
 * given does not load, or takes more than the limit. Run by hand, on the machine or in a guest of
 * scripts/vm-test.
 */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "collect/caps.h"
#include "collect/links.h"
#include "heaptap.skel.h"

#define PROCESSED_MAX 20000UL
#define LOG_SIZE      (1 << 16)
#define LOG_STATS     4 /* log level: the verifier's statistics alone */

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

static bool ends_in(const char *name, const char *end)
{
	size_t length = strlen(name), end_length = strlen(end);

	return length >= end_length && !strcmp(name + length - end_length, end);
}

/* As collect/kernel.c asks. */
static bool has_kern_ctx(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool has = btf && btf__find_by_name_kind(btf, "bpf_cast_to_kern_ctx", BTF_KIND_FUNC) > 0;

	btf__free(btf);
	return has;
}

/* The attach type heaptap loads @name with on this kernel; -1 when it does not load it. */
static int attach_type(const char *name, const struct caps *caps)
{
	if (!strcmp(name, "page_fault") && !has_kern_ctx())
		return -1; /* page_fault_reading is taken */
	if (ends_in(name, "_session"))
		return caps->has[CAPS_session] ? LINK_UPROBE_SESSION : -1;
	return caps->has[CAPS_multi] ? LINK_UPROBE_MULTI : 0;
}

/* Loads program number @index alone, with its log in @log. 1 when there is none, 2 when this
 * kernel is not given it. */
static int load_one(unsigned int index, const struct caps *caps, char log[LOG_SIZE], char name[64],
		    size_t *nr_insns)
{
	struct heaptap_bpf *skel = heaptap_bpf__open();
	struct bpf_program *program, *chosen = NULL;
	unsigned int i = 0;
	int type, err = 1;

	if (!skel)
		return -errno;
	bpf_object__for_each_program(program, skel->obj)
	{
		bpf_program__set_autoload(program, i == index);
		if (i++ == index)
			chosen = program;
	}
	if (!chosen)
		goto out;
	snprintf(name, 64, "%s", bpf_program__name(chosen));
	*nr_insns = bpf_program__insn_cnt(chosen);
	log[0] = '\0';
	err = 2;
	type = attach_type(name, caps);
	if (type < 0)
		goto out;
	if (bpf_program__type(chosen) == BPF_PROG_TYPE_KPROBE)
		bpf_program__set_expected_attach_type(chosen, type);
	skel->rodata->ht_gc_stacks = true; /* its longest form */
	bpf_program__set_log_level(chosen, LOG_STATS);
	bpf_program__set_log_buf(chosen, log, LOG_SIZE);
	err = heaptap_bpf__load(skel);
	*nr_insns = bpf_program__insn_cnt(chosen); /* now with the functions it calls */
out:
	heaptap_bpf__destroy(skel);
	return err;
}

/* 1 when the row is bad. */
static int print_row(const char *name, int err, size_t nr_insns, const char *log)
{
	const char *found = strstr(log, "processed ");
	unsigned long processed = found ? strtoul(found + 10, NULL, 10) : 0;

	if (err == 2) {
		printf("%-18s %8s %10s\n", name, "", "not used");
		return 0;
	}
	if (err || !processed) {
		size_t length = strlen(log);

		printf("%-18s %8zu %10s %s\n%s\n", name, nr_insns, "refused", strerror(-err),
		       log + (length > 1500 ? length - 1500 : 0));
		return 1;
	}
	printf("%-18s %8zu %10lu%s\n", name, nr_insns, processed,
	       processed > PROCESSED_MAX ? " too many" : "");
	return processed > PROCESSED_MAX;
}

int main(void)
{
	struct caps caps = {0};
	struct diag diag = {0};
	struct utsname system;
	static char log[LOG_SIZE];
	int bad = 0, err = caps_detect(&caps, &diag);

	if (err) {
		fprintf(stderr, "verifier: %s\n", diag.text);
		return 1;
	}
	uname(&system);
	libbpf_set_print(print_nothing);
	printf("%-18s %8s %10s\n", system.release, "insns", "processed");
	for (unsigned int i = 0;; i++) {
		char name[64];
		size_t nr_insns = 0;

		err = load_one(i, &caps, log, name, &nr_insns);
		if (err == 1)
			break;
		bad |= print_row(name, err, nr_insns, log);
	}
	return bad;
}
