/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The budget of a recording, carried out: reads what was counted, asks the governor, raises the
 * rate or removes the probes, and tells the reader of the profile which of it happened and when.
 */
#ifndef HEAPTAP_CMD_BUDGET_H
#define HEAPTAP_CMD_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/own_cpu.h"
#include "cmd/record.h"
#include "collect/cost.h"
#include "collect/governor.h"
#include "profile/profile.h"

struct budget {
	const struct record_options *options;
	struct governor governor;
	struct own_cpu own; /* what heaptap itself takes */
	uint64_t due_ns;    /* the next check, since the recording began */
	uint64_t rate;	    /* now */
	uint64_t allocs;    /* seen when it was set */
	double past;	    /* sum of rate times allocations of all rates before */
	char rates[512];    /* "1 512@350ms 4096@1200ms": which, from when */
	bool ended;	    /* the probes were removed */
	uint64_t ended_ns;
	char why[384]; /* then */
};

/* @options stay the caller's and must outlive it. */
void budget_init(struct budget *budget, const struct record_options *options);

/* When it is time. 1 when the probes are gone and the recording is to end, 0, or -errno. */
int budget_check(struct budget *budget, struct session *session,
		 struct cost_calibration *calibration, uint64_t elapsed_ns);

/* The constant rate by which a run of @allocs allocations would be as exact as this one was: the
 * mean over the allocations, as variances are proportional to the rate. 1 when all is exact. */
uint64_t budget_mean_rate(const struct budget *budget, uint64_t allocs);

/* Notes rate, rate_auto, rates, budget, and of a run that ended early detached_ns. 0 or -errno. */
int budget_note(const struct budget *budget, struct profile *profile);

#endif
