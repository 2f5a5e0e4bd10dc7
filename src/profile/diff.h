/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changed between two profiles: for every stack of either, what the one says of it and what
 * the other one does. A pure function of the two.
 *
 * Stacks are the same when their frames are, as profile/identity.h tells, and their comms when one
 * of the profiles is of several processes. Processes, cgroups and containers do not count: after a
 * restart they are others. What a stack allocated through several lines is added up.
 *
 * Ownership: a diff keeps nothing of the two profiles.
 */
#ifndef HEAPTAP_PROFILE_DIFF_H
#define HEAPTAP_PROFILE_DIFF_H

#include "profile/profile.h"
#include "util/diag.h"

enum diff_side { DIFF_BASE, DIFF_NEW, NR_DIFF_SIDES };

/* Of one profile. Variances are in bytes squared; unknown when the profile is sampled and some
 * sample does not say its error. An exact profile's are 0. */
struct diff_part {
	int64_t values[NR_METRICS];
	double inuse_variance, alloc_variance;
	bool inuse_error_known, alloc_error_known;
};

struct diff_entry {
	struct diff_part parts[NR_DIFF_SIDES];
	uint32_t site; /* equal for stacks of which the same function holds the memory */
};

struct diff {
	/* A sample for each stack. Its values are what NEW has more than BASE; its frames are those
	 * of NEW where it has the stack, and each function is everywhere called as NEW calls it.
	 * The metrics are those that both have; notes are NEW's target and what both lost. */
	struct profile *profile;
	struct diff_entry *entries;    /* by sample */
	uint32_t nr_sites;	       /* their numbers are below */
	bool per_second;	       /* values are rates, rounded to whole bytes and objects */
	double seconds[NR_DIFF_SIDES]; /* how long was watched; 0 when that is unknown */
};

/*
 * 0; -ENOMEM; -ENODATA when there is no metric in common, or rates are asked for (@per_second) and
 * a profile does not say how long it watched; @diag says which. diff_done() is to be called in
 * either case.
 */
int diff_build(struct diff *ret, const struct profile *base, const struct profile *new,
	       bool per_second, struct diag *diag);
void diff_done(struct diff *diff);

/* NEW - BASE. Saturates. */
int64_t diff_delta(const struct diff_entry *entry, enum metric metric);

/* Adds the numbers of @from, not its identity. A sum starts as diff_entry_zero. */
void diff_entry_add(struct diff_entry *to, const struct diff_entry *from);
extern const struct diff_entry diff_entry_zero;

/* One standard error of the bytes' difference; false when it is unknown, or @metric is of
 * collections. 0 for exact profiles. */
bool diff_error(const struct diff_entry *entry, enum metric metric, double *ret);

enum diff_verdict {
	DIFF_SAME,
	DIFF_GREW,
	DIFF_SHRANK,
	DIFF_APPEARED, /* BASE has 0 */
	DIFF_VANISHED, /* NEW has 0 */
	NR_DIFF_VERDICTS,
};

enum diff_verdict diff_judge(const struct diff_entry *entry, enum metric metric);
/* "same", "grew", "shrank", "new", "gone" */
const char *diff_verdict_name(enum diff_verdict verdict);

/* The bytes changed by less than two standard errors: chance alone may have made it. */
bool diff_within_error(const struct diff_entry *entry, enum metric metric);

#endif
