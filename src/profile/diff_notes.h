/* SPDX-License-Identifier: Apache-2.0 */
/* What the profile of a difference says about itself, by what the two say of themselves. */
#ifndef HEAPTAP_PROFILE_DIFF_NOTES_H
#define HEAPTAP_PROFILE_DIFF_NOTES_H

#include "profile/profile.h"

/* How long the run watched, 0 when it does not say. */
int64_t diff_notes_watched_ns(const struct profile *profile);

/* Sets the notes of @diff: NEW's target, what it is a difference of, and what both lost. @several:
 * samples say whose they are. 0 or -ENOMEM. */
int diff_notes_set(struct profile *diff, const struct profile *base, const struct profile *new,
		   bool several, bool per_second);

#endif
