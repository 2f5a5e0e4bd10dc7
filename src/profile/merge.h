/* SPDX-License-Identifier: Apache-2.0 */
/* Adding the samples of one profile to another. */
#ifndef HEAPTAP_PROFILE_MERGE_H
#define HEAPTAP_PROFILE_MERGE_H

#include "profile/profile.h"

/*
 * Adds all samples of @from to @into, with their labels but those whose key is in @without (ended
 * by NULL; NULL: none): samples that differ in nothing else become one. Notes, times and metrics
 * stay those of @into. 0 or -ENOMEM, then some may be missing.
 */
int profile_merge(struct profile *into, const struct profile *from, const char *const *without);

#endif
