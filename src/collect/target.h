/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One watched process: who it is, its address space over time, what CPU and memory it used while
 * it was watched, and that it is still the same process.
 */
#ifndef HEAPTAP_COLLECT_TARGET_H
#define HEAPTAP_COLLECT_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "proc/cgroup.h"
#include "proc/process.h"
#include "proc/space.h"
#include "util/diag.h"

struct target {
	struct process process;
	struct cgroup cgroup; /* as it was when it was opened */
	struct space *space;
	int pidfd;	/* readable once the process has ended */
	int perf_map;	/* descriptor of its /tmp/perf-PID.map; -1: it has none so far */
	uint32_t epoch; /* execs seen */
	bool late;	/* attached to while it was running */
	bool ended;
	uint64_t ended_ns;	 /* CLOCK_MONOTONIC */
	uint64_t born_ns;	 /* CLOCK_MONOTONIC; 0: it is no followed child */
	uint64_t follow_late_ns; /* of a child: from its birth until all its probes were in place */
	uint64_t cpu_start_ns, cpu_ns; /* user and system time: at attach, and latest known */
	struct process_memory memory_start, memory;
};

/*
 * Opens @pid for watching. -ESRCH: none such, or it ended; -ENOTSUP: one that cannot be profiled
 * (a kernel thread, a zombie, 32-bit); -EACCES: not permitted. @diag says which. @objects as in
 * space_new().
 */
int target_open(pid_t pid, struct objects *objects, struct target *ret, struct diag *diag);
void target_close(struct target *target);

/* One that is gone before it could be opened: no more is known of it than @pid and @comm. 0 or
 * -ENOMEM. */
int target_open_gone(pid_t pid, const char *comm, struct objects *objects, struct target *ret);

/* Looks at CPU time and memory again; what an ended process last showed is kept. */
void target_measure(struct target *target);

/* How its anonymous memory has grown since it is watched, bytes. */
int64_t target_rss_change(const struct target *target);

/* The process has exec'd: a new image in a new address space. */
int target_exec(struct target *target, uint32_t epoch);

/* Fails with -ESRCH: @pid ended meanwhile. */
int target_gone(pid_t pid, struct diag *diag);

/* It has ended: what it last showed is kept, and its number may be another's. */
void target_end(struct target *target);

#endif
