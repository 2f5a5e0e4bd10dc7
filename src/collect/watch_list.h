/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes of a session, in the order they came. One that has ended stays, for its names,
 * until its sites are in other hands; the first one always.
 */
#ifndef HEAPTAP_COLLECT_WATCH_LIST_H
#define HEAPTAP_COLLECT_WATCH_LIST_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "collect/javascript_report.h"
#include "collect/watched.h"
#include "heaptap/wire.h"
#include "util/diag.h"

/* Sums over the processes that are forgotten. */
struct watch_past {
	unsigned int nr;	/* that were counted */
	unsigned int nr_missed; /* see watch_list_was_missed() */
	uint64_t late_ns;	/* the longest follow_late_ns */
	uint64_t cpu_ns;
	uint64_t rss_anon, swap; /* at their end */
	int64_t rss_anon_change;
	struct javascript_report javascript;
};

struct watch_list {
	unsigned int nr, nr_waited; /* processes; those the last wait was for */
	struct watched **all;
	struct pollfd *fds;	/* of the ring and of each process */
	uint64_t nr_gone;	/* images that were replaced by exec or ended */
	bool follow;		/* what is added has its children reported */
	unsigned int max_alone; /* so many have links of their own, the others those for all */
	struct watch_past past;
};

void watch_list_done(struct watch_list *list);

/* Watches @pid from now on, see watched_open(). It shares what is known of files with one that runs
 * the same program, else with @parent (may be NULL). 0 or -errno with @diag. */
int watch_list_add(struct watch_list *list, const struct watch_shared *shared, pid_t pid,
		   uint32_t epoch, const struct watched *parent, struct diag *diag,
		   struct watched **ret);

/* See watched_open_gone(). */
int watch_list_add_gone(struct watch_list *list, const struct watch_shared *shared,
			const struct ht_event *event, const struct watched *parent);

/* A child that ended before it was watched. */
bool watch_list_was_missed(const struct watched *watched);

/* The latest process of that pid; NULL when there never was one. */
struct watched *watch_list_find(const struct watch_list *list, uint32_t tgid);

/* The latest process but @other that runs the program @exe; NULL when there is none. */
struct watched *watch_list_find_exe(const struct watch_list *list, const char *exe,
				    const struct watched *other);

/* The process whose present image @event is about; NULL when it has another one by now. */
struct watched *watch_list_find_image(const struct watch_list *list, const struct ht_event *event);

/* The process that had @tgid with image @epoch; the first one when there is none. */
struct watched *watch_list_at(const struct watch_list *list, uint32_t tgid, uint32_t epoch);

/* Sleeps until @ring is readable, a process has ended, a signal came or the time is over. 0 or
 * -errno. */
int watch_list_wait(struct watch_list *list, int ring, int timeout_ms, const sigset_t *mask);

/* Takes leave of the processes that ended during the wait. Returns how many are left. */
unsigned int watch_list_end(struct watch_list *list, const struct watch_shared *shared);

/* One of them has no more to be counted, though it may run on. */
void watch_list_leave(struct watch_list *list, const struct watch_shared *shared,
		      struct watched *watched);

/* Those that have ended by now, but for the first, are closed and freed when they are forgotten:
 * their sites need them no more then. */
void watch_list_condemn(struct watch_list *list);
void watch_list_forget(struct watch_list *list);

#endif
