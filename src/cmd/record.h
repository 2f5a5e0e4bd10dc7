/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the user asked heaptap record for, between the parser of the options and the run.
 */
#ifndef HEAPTAP_CMD_RECORD_H
#define HEAPTAP_CMD_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cmd/keep_options.h"
#include "cmd/options.h"
#include "cmd/push_options.h"
#include "cmd/target_options.h"
#include "collect/session.h"

struct record_options {
	bool inspector;				       /* the source js through V8's inspector */
	bool has_rate;				       /* -r was given */
	bool has_source;			       /* -s was */
	struct target_options targets;		       /* none: a command */
	char **command;				       /* argv of what to start, or NULL */
	uint64_t duration_ns, interval_ns, min_age_ns; /* 0: none */
	struct output_options output;
	const char *store; /* directory; NULL: none */
	struct prune_options keep;
	const char *push; /* URL; NULL: none */
	struct push_input push_input;
	struct record_push *pushing; /* NULL: none */
	const char *prom;	     /* file for metrics; NULL: none */
	bool prom_written;	     /* by this run */
	struct session_options session;
	bool rate_auto;	       /* begins exact, and is raised to stay inside the budget */
	double max_cpu;	       /* of one CPU, of heaptap itself; 0: no limit */
	double budget;	       /* of the target's CPU time, 0 to 1; 0: it may cost what it costs */
	const char *dump_path; /* raw stacks for tests */
	bool fallback;	       /* to the page lens, when allocator functions are too dear */
	bool quiet, verbose, strict, propagate_status;
};

/* What top takes over: -r @arg; and at ARGP_KEY_END what only all options together tell of the rate
 * and of whom to watch. */
void record_parse_rate(struct record_options *options, const char *arg,
		       const struct argp_state *state);
void record_settle_watching(struct record_options *options, const struct argp_state *state);

/* The whole recording. Returns the exit status. */
int record_run(struct record_options *options);

/* The same through the inspector of a node process (record_inspector.c). */
int record_inspector_run(struct record_options *options);

#endif
