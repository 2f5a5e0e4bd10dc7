/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes of a session, in the order they came; one that has ended stays, for its names, when
 * it was counted.
 */
#ifndef HEAPTAP_COLLECT_WATCH_LIST_H
#define HEAPTAP_COLLECT_WATCH_LIST_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "collect/watched.h"
#include "heaptap/wire.h"
#include "util/diag.h"

struct watch_list {
	unsigned int nr, nr_waited; /* processes; those the last wait was for */
	struct watched **all;
	struct pollfd *fds;	/* of the ring and of each process */
	uint64_t nr_gone;	/* images that were replaced by exec or ended */
	unsigned int nr_missed; /* children that ended before they were watched */
	bool follow;		/* what is added has its children reported */
};

void watch_list_done(struct watch_list *list);

/* Watches @pid from now on, see watched_open(). 0 or -errno with @diag. */
int watch_list_add(struct watch_list *list, const struct watch_shared *shared, pid_t pid,
		   uint32_t epoch, const struct watched *like, struct diag *diag,
		   struct watched **ret);

/* The latest process of that pid; NULL when there never was one. */
struct watched *watch_list_find(const struct watch_list *list, uint32_t tgid);

/* The latest process but @other that runs the program @exe; NULL when there is none. */
struct watched *watch_list_find_exe(const struct watch_list *list, const char *exe,
				    const struct watched *other);

/* The process whose present image @event is about; NULL when it has another one by now. */
struct watched *watch_list_find_image(const struct watch_list *list, const struct ht_event *event);

/* The process that had @tgid with image @epoch; the first one when there is none. */
const struct watched *watch_list_at(const struct watch_list *list, uint32_t tgid, uint32_t epoch);

/* Sleeps until @ring is readable, a process has ended, a signal came or the time is over. 0 or
 * -errno. */
int watch_list_wait(struct watch_list *list, int ring, int timeout_ms, const sigset_t *mask);

/* Takes leave of the processes that ended during the wait. Returns how many are left. */
unsigned int watch_list_end(struct watch_list *list, const struct watch_shared *shared);

#endif
