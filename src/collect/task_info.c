// SPDX-License-Identifier: Apache-2.0
/*
 * Loading the iterator of bpf/task.bpf.c and reading it. Of the one skeleton only this program is
 * loaded, and no map is made.
 *
 * Since Linux 6.1 the iterator itself is limited to one process, named by its number in our own pid
 * namespace. Older kernels ignore that and show all threads, by their numbers in the first one.
 */
#include "collect/task_info.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heaptap.skel.h"

#define READ_TASKS 128 /* records at a time; fewer than the page the kernel fills */

struct tasks {
	struct ht_task *all;
	size_t nr, max;
};

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	(void)format;
	(void)args;
	return 0;
}

/* bpf_object__load(), not the skeleton's own: that would look for the memory of maps. */
static int load(struct heaptap_bpf *skel)
{
	struct bpf_program *program;
	struct bpf_map *map;

	bpf_object__for_each_program(program, skel->obj) bpf_program__set_autoload(program, false);
	bpf_object__for_each_map(map, skel->obj) bpf_map__set_autocreate(map, false);
	bpf_program__set_autoload(skel->progs.task_info, true);
	return bpf_object__load(skel->obj);
}

static int add(struct tasks *tasks, const struct ht_task *task)
{
	if (tasks->nr == tasks->max) {
		size_t max = tasks->max ? 2 * tasks->max : 64;
		struct ht_task *all = reallocarray(tasks->all, max, sizeof(*all));

		if (!all)
			return -ENOMEM;
		tasks->all = all;
		tasks->max = max;
	}
	tasks->all[tasks->nr++] = *task;
	return 0;
}

/* Records are written whole, but a read may end within one. @tgid 0: all there are. */
static int read_tasks(int iterator, uint32_t tgid, struct tasks *tasks)
{
	struct ht_task buffer[READ_TASKS];
	size_t filled = 0, nr;
	int err = 0;

	while (!err) {
		ssize_t n = read(iterator, (char *)buffer + filled, sizeof(buffer) - filled);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return filled ? -EPROTO : 0;
		filled += n;
		nr = filled / sizeof(buffer[0]);
		for (size_t i = 0; i < nr && !err; i++)
			if (!tgid || buffer[i].tgid == tgid)
				err = add(tasks, &buffer[i]);
		filled -= nr * sizeof(buffer[0]);
		memmove(buffer, &buffer[nr], filled);
	}
	return err;
}

/* Whether the kernel took the limit to one process. */
static bool is_limited(int link)
{
	struct bpf_link_info info = {0};
	uint32_t size = sizeof(info);

	return !bpf_obj_get_info_by_fd(link, &info, &size) && info.iter.task.pid;
}

static int iterate(int program, pid_t pid, struct tasks *tasks)
{
	union bpf_iter_link_info limit = {.task.pid = pid};
	LIBBPF_OPTS(bpf_link_create_opts, opts, .iter_info = &limit,
		    .iter_info_len = sizeof(limit));
	int link, iterator, err;

	link = bpf_link_create(program, 0, BPF_TRACE_ITER, &opts);
	if (link < 0)
		return -errno;
	iterator = bpf_iter_create(link);
	err = iterator < 0 ? -errno : read_tasks(iterator, is_limited(link) ? 0 : pid, tasks);
	if (iterator >= 0)
		close(iterator);
	close(link);
	return err ?: tasks->nr ? 0 : -ESRCH;
}

int task_info_read_by(int program, pid_t pid, struct ht_task **ret, size_t *ret_nr)
{
	struct tasks tasks = {0};
	int err = iterate(program, pid, &tasks);

	if (err) {
		free(tasks.all);
		return err;
	}
	*ret = tasks.all;
	*ret_nr = tasks.nr;
	return 0;
}

int task_info_read(pid_t pid, struct ht_task **ret, size_t *ret_nr, struct diag *diag)
{
	struct heaptap_bpf *skel;
	struct tasks tasks = {0};
	int err;

	libbpf_set_print(print_nothing);
	skel = heaptap_bpf__open();
	err = skel ? load(skel) : -errno;
	err = err ?: iterate(bpf_program__fd(skel->progs.task_info), pid, &tasks);
	heaptap_bpf__destroy(skel);
	if (err) {
		free(tasks.all);
		if (err == -EINVAL)
			err = -ENOTSUP;
		if (err == -EACCES)
			err = -EPERM;
		return diag_fail(diag, err,
				 "cannot ask the kernel about the threads of pid %d: %s%s", pid,
				 strerror(-err),
				 err == -EPERM ? " (it takes CAP_BPF and CAP_PERFMON)" : "");
	}
	*ret = tasks.all;
	*ret_nr = tasks.nr;
	return 0;
}
