/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Garbage collections for reading and for programs: a line for each, and a summary of all. As text,
 * or as JSON objects of one line each, described in docs/json.md.
 */
#ifndef HEAPTAP_EXPORT_GC_LINES_H
#define HEAPTAP_EXPORT_GC_LINES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "heaptap/gc.h"
#include "profile/gc_stats.h"

struct gc_lines {
	FILE *out;
	bool json;
	int v8_major;	   /* 0: not known */
	int64_t offset_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
};

void gc_lines_header(const struct gc_lines *lines);

/* @thread: name the thread, since there are several heaps. 0 or -ENOMEM. */
int gc_lines_put(const struct gc_lines *lines, const struct ht_gc_event *event, bool thread);

/* What the command saw beside the collections. */
struct gc_run {
	int pid;
	const char *comm;
	uint64_t watched_ns;
	uint64_t nr_lost, nr_half; /* collections */
};

/* 0 or -ENOMEM. */
int gc_lines_summary(const struct gc_lines *lines, const struct gc_stats *stats,
		     const struct gc_run *run);

#endif
