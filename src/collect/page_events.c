// SPDX-License-Identifier: Apache-2.0
/* Events by the system calls themselves, as in links.c. */
#include "collect/page_events.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_event(int cpu, uint64_t period)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_PAGE_FAULTS,
		.sample_type = PERF_SAMPLE_ADDR | PERF_SAMPLE_DATA_PAGE_SIZE,
		.sample_period = period,
		.disabled = 1,
	};
	long fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

static int fail(int err, struct diag *diag)
{
	if (err == -EPERM || err == -EACCES)
		return diag_fail(diag, -EPERM,
				 "the kernel refuses page-fault events on all CPUs to this user "
				 "(%s): run as root, or with CAP_PERFMON, or set "
				 "kernel.perf_event_paranoid to -1",
				 strerror(-err));
	return diag_fail(diag, err,
			 "cannot sample page faults: %s; the kernel needs CONFIG_PERF_EVENTS",
			 strerror(-err));
}

int page_events_open(struct page_events *events, int program, uint64_t period, struct diag *diag)
{
	int nr_cpus = libbpf_num_possible_cpus(), err = 0;

	*events = (struct page_events){0};
	events->fds = calloc(nr_cpus > 0 ? nr_cpus : 1, sizeof(*events->fds));
	if (!events->fds)
		return diag_fail(diag, -ENOMEM, "out of memory");
	for (int cpu = 0; cpu < nr_cpus && !err; cpu++) {
		int fd = open_event(cpu, period);

		if (fd == -ENODEV) /* offline */
			continue;
		if (fd < 0) {
			err = fd;
			break;
		}
		events->fds[events->nr++] = fd;
		if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) ||
		    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
			err = -errno;
	}
	if (!err)
		return 0;
	page_events_close(events);
	return fail(err, diag);
}

void page_events_close(struct page_events *events)
{
	for (int i = 0; i < events->nr; i++)
		close(events->fds[i]);
	free(events->fds);
	*events = (struct page_events){0};
}

int page_events_try(int *ret_nr, struct diag *diag)
{
	const struct bpf_insn code[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	int program = bpf_prog_load(BPF_PROG_TYPE_PERF_EVENT, "heaptap_try", "GPL", code,
				    sizeof(code) / sizeof(code[0]), NULL);
	struct page_events events = {0};
	int err = program < 0 ? fail(-errno, diag)
			      : page_events_open(&events, program, INT32_MAX, diag);

	*ret_nr = events.nr;
	page_events_close(&events);
	if (program >= 0)
		close(program);
	return err;
}
