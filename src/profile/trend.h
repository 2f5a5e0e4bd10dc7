/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does what a site holds leak? The verdict on one series of points: of the bytes that are held, or
 * of the bytes a second that outlive each of many short recordings. A pure function of the points;
 * tests/unit/test_trend.c measures how often it is wrong, docs/trend.md shows the table.
 */
#ifndef HEAPTAP_PROFILE_TREND_H
#define HEAPTAP_PROFILE_TREND_H

#include <stddef.h>
#include <stdint.h>

#include "profile/slope.h"

/* Fewer points of one run say nothing. */
#define TREND_POINTS_MIN 8

struct trend_point {
	double time;  /* s */
	double value; /* bytes; of rates bytes per second */
	double error; /* one standard error of it; 0: exact, or not known */
	uint32_t run; /* of the process: another number after a restart */
};

enum trend_verdict {
	TREND_TOO_LITTLE, /* data */
	TREND_STEADY,
	TREND_SHRINKING,
	TREND_FILLING, /* it grew and grows no more, or ever less: a cache */
	TREND_LEAK,
	NR_TREND_VERDICTS,
};
/* "too little data", "steady", "shrinking", "cache filling", "leak" */
const char *trend_verdict_name(enum trend_verdict verdict);

/* Why it is no leak, or that it is one. */
enum trend_reason {
	TREND_FEW_POINTS,
	TREND_NO_ORDER,	   /* such an order of points comes by chance in more than 1 of 100 cases */
	TREND_FALLS,	   /* an order, but downwards */
	TREND_OVERLAPS,	   /* the last third has points that are no higher than some of the first */
	TREND_STEP,	   /* all of it happened at once */
	TREND_SLOWS,	   /* lately it grows less than half as fast, or not at all */
	TREND_SCATTERS,	   /* its points are too far from a line for how many series are judged */
	TREND_IN_ERROR,	   /* three standard errors of sampling are more than it grew */
	TREND_SLOW,	   /* slower than the threshold */
	TREND_GROWS,	   /* all the time */
	TREND_GROWS_AGAIN, /* and again after every restart: too short a run, enough of them */
	TREND_SURVIVES,	   /* of rates: nearly every recording has some that stays */
	TREND_DRIES_UP,	   /* of rates: the last recordings have much less than the first */
	TREND_SURVIVES_NOT, /* of rates: most recordings have nothing that stays */
	TREND_REPLACED, /* of rates: it takes the place of what goes: the process grows much less,
			   if at all */
	NR_TREND_REASONS,
};
const char *trend_reason_text(enum trend_reason reason);

struct trend {
	enum trend_verdict verdict;
	enum trend_reason reason;
	size_t nr;	  /* points of the run that was judged, or of the runs together, ... */
	size_t nr_runs;	  /* ... which is the last one with enough of them, of so many */
	double growth;	  /* bytes per second: Theil-Sen, or the median of the rates */
	double low, high; /* of a 95 % confidence interval of it */
	double p; /* how likely such an order is without a trend (Mann-Kendall); of rates so many
		     recordings with survivors, when each has some by even chance (sign test) */
	double first, last; /* the values at both ends of the line, bytes; of rates the rates */
	double seconds;	    /* that the points span */
};

/* @points in the order of time; growth below @threshold bytes per second is no leak. One of
 * @nr_judged series: the more there are, the surer each must be. 0 or -ENOMEM. Of rates every value
 * is a growth already: */
int trend_judge(const struct trend_point *points, size_t nr, double threshold, size_t nr_judged,
		struct trend *ret);
int trend_judge_rates(const struct trend_point *points, size_t nr, double threshold,
		      struct trend *ret);

#endif
