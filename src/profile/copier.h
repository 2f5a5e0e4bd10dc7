/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carries samples from one profile to another, whose indices are others: of functions and locations
 * only what a sample needs, of mappings all, since the first one is the program.
 *
 * Ownership: both profiles stay the caller's and must outlive the copier.
 */
#ifndef HEAPTAP_PROFILE_COPIER_H
#define HEAPTAP_PROFILE_COPIER_H

#include "profile/profile.h"

struct copier {
	struct profile *into;
	const struct profile *from;
	/* private: by index in @from, the index in @into; PROFILE_NONE when not there yet */
	uint32_t *mappings, *functions, *locations;
	/* private: scratch for the largest location and sample */
	struct profile_line *lines;
	struct profile_label *sample_labels;
	uint32_t *sample_locations;
};

/* What a copy has otherwise than its original; all zero: nothing. */
struct copy_change {
	const char *const *without;   /* keys of labels that are left out, ended by NULL */
	struct profile_label with[5]; /* labels that are added ... */
	uint32_t nr_with;	      /* ... this many */
	/* The copy begins at this line of this location: what is below it, at the leaf, is cut. */
	uint32_t first_location, first_line;
};

/* Copies the mappings. 0 or -ENOMEM; copier_done() is allowed, and needed, in either case. */
int copier_init(struct copier *copier, struct profile *into, const struct profile *from);
void copier_done(struct copier *copier);

/* Adds sample number @index of copier->from; equal ones become one. @change may be NULL. 0 or
 * -ENOMEM. */
int copier_add(struct copier *copier, uint32_t index, const struct copy_change *change);

/* What a profile says beside its samples: metrics, times, period, notes. 0 or -ENOMEM. */
int profile_copy_about(struct profile *into, const struct profile *from);

#endif
