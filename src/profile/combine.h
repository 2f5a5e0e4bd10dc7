/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several recordings as one profile: values are summed, and so are losses and counts; of the other
 * notes stays what all of them say. A sample keeps whose it is by the labels that a profile of
 * several processes has.
 *
 * Ownership: what is added stays the caller's, and may go at once.
 */
#ifndef HEAPTAP_PROFILE_COMBINE_H
#define HEAPTAP_PROFILE_COMBINE_H

#include "profile/profile.h"
#include "util/diag.h"

struct combination {
	/* private */
	struct profile *sum;
	struct profile **about; /* of each, what it says beside its samples */
	uint32_t nr, nr_max;
};

struct combine_result {
	bool types_differ;   /* only what all have is in the sum */
	bool sources_differ; /* the same memory may have been seen by both ... */
	bool same_target;    /* ... as by two recordings of one process */
};

/* 0 or -ENOMEM; combination_done() is allowed in either case, and needed. */
int combination_init(struct combination *combination);
void combination_done(struct combination *combination);

/* 0, -ENOMEM, or with @diag filled -EINVAL: no metric is in all of them. */
int combination_add(struct combination *combination, const struct profile *profile,
		    struct diag *diag);

/* The sum of one profile or more, the caller's. 0 or -ENOMEM. */
int combination_finish(struct combination *combination, struct profile **ret,
		       struct combine_result *ret_result);

#endif
