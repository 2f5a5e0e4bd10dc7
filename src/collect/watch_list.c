// SPDX-License-Identifier: Apache-2.0
/* An array of processes, and beside it one of descriptors to wait for. */
#include "collect/watch_list.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collect/processes.h"

void watch_list_done(struct watch_list *list)
{
	for (unsigned int i = 0; i < list->nr; i++) {
		watched_done(list->all[i]);
		free(list->all[i]);
	}
	free(list->all);
	free(list->fds);
	*list = (struct watch_list){0};
}

/* Room for one more. 0 or -ENOMEM. */
static int reserve(struct watch_list *list)
{
	struct watched **all = reallocarray(list->all, list->nr + 1, sizeof(struct watched *));
	struct pollfd *fds = reallocarray(list->fds, list->nr + 2, sizeof(*fds));

	list->all = all ?: list->all;
	list->fds = fds ?: list->fds;
	return all && fds ? 0 : -ENOMEM;
}

int watch_list_add_gone(struct watch_list *list, const struct watch_shared *shared,
			const struct ht_event *event, const struct watched *parent)
{
	struct watched *watched = malloc(sizeof(*watched));
	int err = watched ? reserve(list) : -ENOMEM;

	err = err ?: watched_open_gone(shared, event->tgid, event->epoch, parent, watched);
	if (err) {
		free(watched);
		return err;
	}
	watched->target.born_ns = event->time_ns;
	list->all[list->nr++] = watched;
	list->nr_gone++;
	return 0;
}

static bool is_everywhere(const struct watch_shared *shared, pid_t pid)
{
	return processes_flags(kernel_processes(shared->kernel), pid) & HT_PROCESS_EVERYWHERE;
}

/*
 * Every link of a file is looked at on every hit in it, whoever's it is, some 45 ns each: with many
 * processes it is better to have one that is in the way of those nobody asked for too.
 */
static bool is_crowded(const struct watch_list *list)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < list->nr; i++)
		nr += !list->all[i]->target.ended && !list->all[i]->everywhere;
	return nr >= list->max_alone;
}

int watch_list_add(struct watch_list *list, const struct watch_shared *shared, pid_t pid,
		   uint32_t epoch, const struct watched *parent, struct diag *diag,
		   struct watched **ret)
{
	struct watched *watched = malloc(sizeof(*watched));
	bool everywhere = is_crowded(list) || (epoch && is_everywhere(shared, pid));
	int err = watched ? reserve(list) : -ENOMEM;
	const struct watched *like;

	if (err)
		diag_fail(diag, err, "out of memory");
	err = err ?: watched_open(shared, pid, epoch, everywhere, diag, watched);
	if (err) {
		free(watched);
		return err;
	}
	like = watch_list_find_exe(list, watched->target.process.exe, NULL) ?: parent;
	if (like)
		watched_share(watched, shared, like);
	list->all[list->nr++] = watched;
	if (list->follow)
		processes_set_flags(kernel_processes(shared->kernel), pid, HT_PROCESS_FOLLOW);
	*ret = watched;
	return 0;
}

struct watched *watch_list_find(const struct watch_list *list, uint32_t tgid)
{
	for (unsigned int i = list->nr; i-- > 0;)
		if (list->all[i]->target.process.pid == (pid_t)tgid)
			return list->all[i];
	return NULL;
}

struct watched *watch_list_find_exe(const struct watch_list *list, const char *exe,
				    const struct watched *other)
{
	for (unsigned int i = list->nr; i-- > 0;)
		if (list->all[i] != other && !strcmp(list->all[i]->target.process.exe, exe))
			return list->all[i];
	return NULL;
}

struct watched *watch_list_find_image(const struct watch_list *list, const struct ht_event *event)
{
	struct watched *watched = watch_list_find(list, event->tgid);

	return watched && watched->target.epoch == event->epoch ? watched : NULL;
}

struct watched *watch_list_at(const struct watch_list *list, uint32_t tgid, uint32_t epoch)
{
	for (unsigned int i = list->nr; i-- > 0;) {
		struct watched *watched = list->all[i];

		if (watched->target.process.pid == (pid_t)tgid && watched->first_epoch <= epoch)
			return watched;
	}
	return list->all[0];
}

int watch_list_wait(struct watch_list *list, int ring, int timeout_ms, const sigset_t *mask)
{
	struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};

	list->fds[0] = (struct pollfd){ring, POLLIN, 0};
	for (unsigned int i = 0; i < list->nr; i++) {
		const struct target *target = &list->all[i]->target;

		list->fds[i + 1] = (struct pollfd){target->ended ? -1 : target->pidfd, POLLIN, 0};
	}
	list->nr_waited = list->nr;
	if (ppoll(list->fds, list->nr + 1, &timeout, mask) >= 0)
		return 0;
	list->nr_waited = 0;
	return errno == EINTR ? 0 : -errno;
}

void watch_list_leave(struct watch_list *list, const struct watch_shared *shared,
		      struct watched *watched)
{
	watched_end(watched, shared);
	list->nr_gone++;
}

bool watch_list_was_missed(const struct watched *watched)
{
	const struct target *target = &watched->target;

	return target->born_ns && target->ended && !target->follow_late_ns;
}

static void add_to_past(struct watch_past *past, const struct watched *watched)
{
	const struct target *target = &watched->target;

	past->nr += watched->in_books;
	past->nr_missed += watch_list_was_missed(watched);
	if (target->follow_late_ns > past->late_ns)
		past->late_ns = target->follow_late_ns;
	past->cpu_ns += target->cpu_ns - target->cpu_start_ns;
	past->rss_anon += target->memory.rss_anon;
	past->swap += target->memory.swap;
	past->rss_anon_change += target_rss_change(target);
	javascript_report_add(&past->javascript, &watched->javascript);
	past->javascript.note = "";
}

void watch_list_condemn(struct watch_list *list)
{
	for (unsigned int i = 1; i < list->nr; i++)
		list->all[i]->condemned = list->all[i]->target.ended;
}

void watch_list_forget(struct watch_list *list)
{
	unsigned int nr = list->nr ? 1 : 0;

	for (unsigned int i = 1; i < list->nr; i++) {
		struct watched *watched = list->all[i];

		if (!watched->condemned) {
			list->all[nr++] = watched;
			continue;
		}
		add_to_past(&list->past, watched);
		watched_done(watched);
		free(watched);
	}
	list->nr = nr;
	list->nr_waited = 0;
}

unsigned int watch_list_end(struct watch_list *list, const struct watch_shared *shared)
{
	unsigned int nr_left = 0;

	for (unsigned int i = 0; i < list->nr; i++) {
		struct watched *watched = list->all[i];

		if (i < list->nr_waited && list->fds[i + 1].revents & POLLIN)
			watch_list_leave(list, shared, watched);
		nr_left += !watched->target.ended;
	}
	return nr_left;
}
