/* SPDX-License-Identifier: Apache-2.0 */
/* What the labels of a sample say. */
#ifndef HEAPTAP_PROFILE_LABEL_H
#define HEAPTAP_PROFILE_LABEL_H

#include "profile/profile.h"

/* Numeric labels: one standard error of the sample's estimate, bytes. */
#define LABEL_INUSE_ERROR "inuse_stderr"
#define LABEL_ALLOC_ERROR "alloc_stderr"

/* The same: how old what the sample holds was at the end, milliseconds. */
#define LABEL_YOUNGEST "youngest"
#define LABEL_OLDEST   "oldest"

/* The string label @key, or NULL. */
const char *label_string(const struct profile_sample *sample, const char *key);

/* The numeric label @key; false, and *ret untouched, when there is none. */
bool label_number(const struct profile_sample *sample, const char *key, int64_t *ret);

/* The square of the numeric label @key; false, and *ret untouched, when there is none. */
bool label_variance(const struct profile_sample *sample, const char *key, double *ret);

#endif
