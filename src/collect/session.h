/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One recording: new, attach, poll until done, freeze, read. It knows neither symbols nor formats;
 * what it hands out are sites with raw stacks and the spaces that give their addresses meaning.
 */
#ifndef HEAPTAP_COLLECT_SESSION_H
#define HEAPTAP_COLLECT_SESSION_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "collect/attach.h"
#include "collect/caps.h"
#include "collect/javascript_report.h"
#include "collect/ended.h"
#include "collect/kernel.h"
#include "collect/members.h"
#include "collect/pages.h"
#include "collect/snapshot.h"
#include "collect/stacks.h"
#include "collect/tables.h"
#include "collect/target.h"
#include "collect/v8_source.h"
#include "util/diag.h"

struct session_options {
	enum source source;
	uint64_t rate;	     /* mean bytes between samples; 1 = exact */
	bool governed;	     /* the rate may be raised */
	uint64_t map_memory; /* bytes of kernel memory for maps, at most */
	bool mmaps;	     /* also what processes map themselves; with the source malloc */
	bool pages; /* session_start_pages() may be called; the source page does so itself */
	uint64_t page_rate;  /* of the source page, see there */
	struct caps caps;    /* detected */
	bool told;	     /* processes that carry otel_memory probes are probed there:
				collect/told_probes.h */
	bool empty_programs; /* traps only: for benchmarks */
	bool verbose;
	uint32_t copy_every; /* with dump: the raw stack of every N-th sample goes there */
	const struct selection *selection; /* the caller's; empty for session_launch() */
	struct ended_options ended;	   /* its min_age_ns: inuse may leave out what is younger */
	FILE *dump;			   /* see collect/dump.h; the caller's */
};

struct session;

int session_new(const struct session_options *options, struct diag *diag, struct session **ret);
void session_free(struct session *session);

/* Watches the processes of the selection from now on. */
int session_attach(struct session *session, struct diag *diag);

/* Starts @argv and watches it from its first instruction. The child is the caller's to wait for,
 * except when this fails. */
int session_launch(struct session *session, char *const argv[], pid_t *ret_pid, struct diag *diag);

/*
 * Takes in what happens for up to @timeout_ms, with the signals of @mask blocked as in ppoll.
 * 1 when all processes have ended and no other can come, 0 otherwise (also after a signal), or
 * -errno.
 */
int session_poll(struct session *session, int timeout_ms, const sigset_t *mask);

/*
 * Begins to sample page faults, of all that the session watches and will watch: @rate is the mean
 * bytes of them between two samples, PAGE_RATE_AUTO as many samples as cost next to nothing. With
 * session_options.pages, at any time. What it finds is in the snapshots from then on: sites of
 * their own (pages_have()), and snapshot.pages. 0 or -errno with @diag.
 */
int session_start_pages(struct session *session, uint64_t rate, struct diag *diag);

/* Takes the allocators' probes away, and goes on with what else there is: page faults, what is
 * mapped. What is in use by then stays so in the books. Returns when that was, ns since the
 * recording began. */
uint64_t session_drop_allocators(struct session *session);

/* From now on. -ENOSPC: changed too often. */
int session_set_rate(struct session *session, uint64_t rate);

/* After so many hits from now on session_poll() returns early; and whether that is so. */
void session_set_credit(struct session *session, int64_t hits);
bool session_credit_spent(const struct session *session);

/* The arenas of all processes of the session: collect/arenas.h. Reads their files. */
uint32_t session_arenas(const struct session *session);

/* What was counted, and the target's CPU time, since the recording began. 0 or -errno. */
struct session_usage {
	struct ht_stats stats;
	uint64_t watched_ns, cpu_ns;
};
int session_usage(struct session *session, struct session_usage *ret);

/* Nothing is counted any more, and the probes are removed, now or already before. How long after
 * the beginning that was. */
uint64_t session_detach(struct session *session);

/* The same, and the books are final. */
int session_freeze(struct session *session);

/* The books as they are now, inuse with what is younger than the minimal age or (@aged) without,
 * and then with ages. The stacks in it belong to the session. */
int session_snapshot(struct session *session, bool aged, struct snapshot *ret);

/* Measures the memory of each process now, and the heaps of V8 in it, which else is done at its end
 * alone: some 100 us each. */
void session_measure(struct session *session);

/* The processes that are there, the one the user named first, which stays when it ends. Of one pid
 * and image: session_target_of(). */
const struct target *session_target(const struct session *session);
unsigned int session_nr_targets(const struct session *session);
/* What all have used, also those that are gone. */
struct session_sums {
	unsigned int nr_targets; /* those gone only if something of them was counted */
	uint64_t cpu_ns;	 /* while they were watched, as last measured */
	uint64_t rss_anon, swap; /* now; swap: anonymous memory too, that is not resident */
	int64_t rss_anon_change;
};
void session_sums(const struct session *session, struct session_sums *ret);
/* Who belongs to the selection and could not be watched: how many, and why the last. */
const struct members *session_members(const struct session *session);
/* Children that ended before they were watched, and the longest time that another ran before it
 * was. Of each: struct target. */
struct session_children {
	unsigned int nr_missed;
	uint64_t late_ns;
};
void session_children(const struct session *session, struct session_children *ret);
const struct target *session_target_at(const struct session *session, unsigned int index);
const struct target *session_target_of(const struct session *session, uint32_t tgid,
				       uint32_t epoch);
/* Of the session's allocators those that the first process uses. */
const struct choice *session_choice(const struct session *session);
const struct attachments *session_attachments(const struct session *session);
void session_javascript(const struct session *session, struct javascript_report *ret);
const struct v8_source *session_v8(const struct session *session);

/* Of the probes, how many lie at an instruction that is single-stepped, 0 to 1. */
double session_stepped_share(const struct session *session);
uint64_t session_map_bytes(const struct session *session);
void session_tables(const struct session *session, struct tables_stats *ret);

#endif
