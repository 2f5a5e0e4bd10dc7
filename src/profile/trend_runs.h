/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs of one process between its restarts, laid over each other: what each is too short to show
 * they may show together. The heap begins anew with every run, so only what grows within a run
 * counts: each is moved so that the points of all lie about one line.
 */
#ifndef HEAPTAP_PROFILE_TREND_RUNS_H
#define HEAPTAP_PROFILE_TREND_RUNS_H

#include "profile/trend.h"

struct trend_runs {
	size_t nr;		    /* runs with enough points */
	size_t nr_points;	    /* of all of these */
	struct slope_point *points; /* x: since the run's first point; in its order */
	double earlier;		    /* slope of the runs before the last one together */
	struct slope last;	    /* that of the last one */
};

/* @points as for trend_judge(). 0, -ENOMEM, or -EDOM when fewer than two runs have enough points.
 * trend_runs_done() allows what it left behind. */
int trend_runs_superpose(const struct trend_point *points, size_t nr, struct trend_runs *ret);
void trend_runs_done(struct trend_runs *runs);

#endif
