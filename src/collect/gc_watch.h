/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching the garbage collections of one running process as they happen: open, poll until done,
 * close. No stacks, no books; a recording of collections by stack is a session.
 */
#ifndef HEAPTAP_COLLECT_GC_WATCH_H
#define HEAPTAP_COLLECT_GC_WATCH_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "collect/caps.h"
#include "collect/target.h"
#include "collect/v8_probes.h"
#include "heaptap/gc.h"
#include "util/diag.h"

struct gc_watch_options {
	pid_t pid;
	struct caps caps; /* detected */
	bool verbose;
	/* Called for every collection, in order; a negative result ends the watching with it. */
	int (*visit)(const struct ht_gc_event *event, void *arg);
	void *arg;
};

struct gc_watch;

/* 0 with collections being counted, or -errno with @diag: those of target_open(), v8_probes_find()
 * and v8_probes_link(). */
int gc_watch_open(const struct gc_watch_options *options, struct diag *diag, struct gc_watch **ret);
void gc_watch_close(struct gc_watch *watch);

/* As session_poll(): 1 when the target has ended or become another program, 0, or -errno. */
int gc_watch_poll(struct gc_watch *watch, int timeout_ms, const sigset_t *mask);

/* Removes the probes and takes in what was seen until then. */
int gc_watch_stop(struct gc_watch *watch);

const struct target *gc_watch_target(const struct gc_watch *watch);
const struct v8_probes *gc_watch_probes(const struct gc_watch *watch);
int gc_watch_stats(const struct gc_watch *watch, struct ht_stats *ret);

#endif
