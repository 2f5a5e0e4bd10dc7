// SPDX-License-Identifier: Apache-2.0
/* Links by the system calls themselves: layouts as in include/uapi/linux/{bpf,perf_event}.h. */
#include "collect/links.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UPROBE_MULTI_RETURN 1
#define COUNTER_SHIFT	    32 /* in perf_event_attr.config of the uprobe PMU (Linux 4.20) */

/* The part of union bpf_attr that BPF_LINK_CREATE reads for a uprobe_multi link (Linux 6.6). */
struct multi_attr {
	uint32_t prog_fd;
	uint32_t target_fd;
	uint32_t attach_type;
	uint32_t flags;
	uint64_t path;
	uint64_t offsets;
	uint64_t ref_ctr_offsets;
	uint64_t cookies;
	uint32_t cnt;
	uint32_t multi_flags;
	uint32_t pid;
	uint32_t pad;
};

static long sys_bpf(int cmd, void *attr, unsigned int size)
{
	return syscall(SYS_bpf, cmd, attr, size);
}

int link_multi(int program_fd, uint32_t attach_type, bool on_return, const struct link_sites *sites)
{
	struct multi_attr attr = {
		.prog_fd = program_fd,
		.attach_type = attach_type,
		.path = (uintptr_t)sites->path,
		.offsets = (uintptr_t)sites->offsets,
		.cookies = (uintptr_t)sites->cookies,
		.ref_ctr_offsets = (uintptr_t)sites->counters,
		.cnt = sites->nr,
		.multi_flags = on_return ? UPROBE_MULTI_RETURN : 0,
		.pid = sites->pid,
	};
	long fd = sys_bpf(BPF_LINK_CREATE, &attr, sizeof(attr));

	return fd < 0 ? -errno : (int)fd;
}

/* Reads "NAME:N" or "N" from a file of the uprobe PMU. -errno. */
static int read_pmu(const char *path, const char *format)
{
	FILE *file = fopen(path, "re");
	int value, n;

	if (!file)
		return -errno;
	n = fscanf(file, format, &value);
	fclose(file);
	return n == 1 ? value : -EINVAL;
}

static int open_uprobe(bool on_return, const struct link_sites *sites, size_t index)
{
	struct perf_event_attr attr = {.size = sizeof(attr)};
	int type = read_pmu("/sys/bus/event_source/devices/uprobe/type", "%d");
	int bit = read_pmu("/sys/bus/event_source/devices/uprobe/format/retprobe", "config:%d");
	long fd;

	if (type < 0)
		return type;
	if (bit < 0)
		return bit;
	attr.type = type;
	attr.config = on_return ? 1ULL << bit : 0;
	if (sites->counters)
		attr.config |= sites->counters[index] << COUNTER_SHIFT;
	attr.config1 = (uintptr_t)sites->path;
	attr.config2 = sites->offsets[index];
	fd = syscall(SYS_perf_event_open, &attr, sites->pid ? sites->pid : -1, sites->pid ? -1 : 0,
		     -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : (int)fd;
}

int link_perf(int program_fd, bool on_return, const struct link_sites *sites, size_t index,
	      int ret_fds[2])
{
	union bpf_attr attr = {0};
	int event = open_uprobe(on_return, sites, index), err;
	long link;

	if (event < 0)
		return event;
	attr.link_create.prog_fd = program_fd;
	attr.link_create.target_fd = event;
	attr.link_create.attach_type = BPF_PERF_EVENT;
	attr.link_create.perf_event.bpf_cookie = sites->cookies[index];
	link = sys_bpf(BPF_LINK_CREATE, &attr, sizeof(attr));
	if (link < 0 || ioctl(event, PERF_EVENT_IOC_ENABLE, 0)) {
		err = -errno;
		if (link >= 0)
			close(link);
		close(event);
		return err;
	}
	ret_fds[0] = event;
	ret_fds[1] = link;
	return 0;
}

static void *close_fd(void *arg)
{
	close((int)(intptr_t)arg);
	return NULL;
}

void links_close(const int *fds, size_t nr)
{
	pthread_t *threads = calloc(nr ?: 1, sizeof(*threads));
	bool *started = calloc(nr ?: 1, sizeof(*started));

	for (size_t i = 0; i < nr; i++) {
		if (fds[i] < 0)
			continue;
		if (threads && started)
			started[i] = !pthread_create(&threads[i], NULL, close_fd,
						     (void *)(intptr_t)fds[i]);
		if (!started || !started[i])
			close(fds[i]);
	}
	for (size_t i = 0; i < nr && started; i++)
		if (started[i])
			pthread_join(threads[i], NULL);
	free(threads);
	free(started);
}

void link_close_later(int fd)
{
	pthread_t thread;

	if (fd < 0)
		return;
	if (pthread_create(&thread, NULL, close_fd, (void *)(intptr_t)fd))
		close(fd);
	else
		pthread_detach(thread);
}
