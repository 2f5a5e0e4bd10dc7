/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a recording may cost its target, and what to do about it: a pure function from counters and
 * clocks to a decision; it reads and changes nothing but its own books.
 *
 * The budget is a share of the target's CPU time, and never less than 1 % of one core. It is kept
 * over every 10 seconds: what was spent in the last ten is taken from what they have earned. What
 * the first 4 seconds will earn (or -d, when that is shorter) is there in advance, by the earnings
 * so far, so that a run may spend it all at once: a run that long costs no more than its share.
 *
 * A rate that is too dear is raised as long as raising it can help, which it cannot where hardly a
 * hit is a sample: that would only take away what the profile knows. A probe that is too dear even
 * when its program does nothing goes, shortly before the credit is spent, and when the target is
 * hurt by far more than its budget within a second in any case.
 */
#ifndef HEAPTAP_COLLECT_GOVERNOR_H
#define HEAPTAP_COLLECT_GOVERNOR_H

#include <stdbool.h>
#include <stdint.h>

#define GOVERNOR_SHARE_DEFAULT 0.05
#define GOVERNOR_LEAD_NS       4000000000ULL
#define GOVERNOR_WINDOW_NS     10000000000ULL
#define GOVERNOR_NR_SLOTS      100
#define GOVERNOR_RATE_FIRST    512 /* after exact */
#define GOVERNOR_RATE_MAX      (64ULL << 20)
#define GOVERNOR_CHECK_NS      100000000ULL /* at the latest */

/* All since the recording began. */
struct governor_reading {
	uint64_t elapsed_ns, cpu_ns;	      /* CPU time of the target, traps included */
	uint64_t entries, returns;	      /* hits of probes */
	uint64_t timed, timed_ns;	      /* of them, timed: the time of their programs */
	uint64_t samples;		      /* allocations */
	uint64_t rate;			      /* in use since the last reading */
	double entry_trap_ns, return_trap_ns; /* what the trap of a hit takes */
	bool calibrated;		      /* measured, not assumed */
};

enum governor_action { GOVERNOR_KEEP, GOVERNOR_RAISE, GOVERNOR_DETACH };

struct governor_decision {
	enum governor_action action;
	uint64_t rate;	   /* RAISE: the new one */
	uint64_t check_ns; /* decide again after this time, */
	int64_t hits;	   /* or after so many: with them half of the credit would be spent */
};

/* What was counted in one part of the window. */
struct governor_slot {
	uint64_t number; /* its beginning, in lengths of a slot */
	double earned_ns, cpu_ns, entries, returns, program_ns;
};

struct governor {
	double share;			     /* of the target's CPU time, 0 to 1 */
	uint64_t lead_ns;		     /* what is paid in advance */
	uint64_t duration_ns;		     /* 0: not known */
	struct governor_reading last, first; /* first: of the present rate */
	struct governor_slot slots[GOVERNOR_NR_SLOTS];
	uint64_t hurt_ns;	   /* since when traps alone are far too dear; 0: they are not */
	double spent_ns, level_ns; /* in the window, and what is left of the budget there */
};

/* @duration_ns 0: no end is known. */
void governor_init(struct governor *governor, double share, uint64_t duration_ns);

struct governor_decision governor_decide(struct governor *governor,
					 const struct governor_reading *reading);

#endif
