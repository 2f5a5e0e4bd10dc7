/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what was collected to a profile: every site's stack is named, the run's facts become notes.
 * Joins collect/ and symbolize/, which do not know each other.
 */
#ifndef HEAPTAP_CMD_RECORDING_H
#define HEAPTAP_CMD_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/budget.h"
#include "collect/session.h"
#include "profile/profile.h"
#include "symbolize/symbolize.h"

/* What the notes say that the snapshot does not know. */
struct recording {
	const struct session *session;
	struct symbolizer *symbolizer;
	uint64_t rate;		     /* now, or at the end */
	const struct budget *budget; /* how it came to be */
	uint64_t min_age_ns;
	double cost_ns;	  /* the target spent in probes; negative: not known */
	const char *whom; /* of several processes: how they were chosen; NULL: by their parents */
	bool several;	  /* processes there may be: each sample says whose it is */
	struct profile *gone; /* of what is gone from the books; NULL: nothing so far */
	uint32_t gone_limit;  /* samples in it, before it is merged */
	bool gone_merged;     /* so much that pids are not told apart in it any more */
};

/* Takes the site of a process image that is gone (@arg is the recording), see struct ended_options.
 */
int recording_fold(void *arg, const struct site_totals *site);
void recording_done(struct recording *recording);

/* Does a sample stand for more than itself? By our rate, or by the sampler of a process. */
bool recording_is_sampled(const struct recording *recording);

/* The relative standard error of a total, as "0.8" percent. */
double relative_error(double total, double variance);

/* What the probes took of the target's CPU time, percent. For a known cost. */
double recording_cost_share(const struct recording *recording);

/* Why maps were too small and what to do about it; NULL when they were not. */
const char *recording_incomplete(const struct ht_stats *stats);

/* 0 with a profile the caller frees, or -errno. */
int recording_profile(const struct recording *recording, const struct snapshot *snapshot,
		      struct profile **ret);

#endif
