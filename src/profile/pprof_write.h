/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile as a gzip'd pprof protobuf, heaptap's own file. Sample types are those the profile has,
 * in the order of enum metric, values as they are; default_sample_type stays unset, so that tools
 * show the last, inuse_space. The same profile always gives the same bytes.
 */
#ifndef HEAPTAP_PROFILE_PPROF_WRITE_H
#define HEAPTAP_PROFILE_PPROF_WRITE_H

#include <stdio.h>

#include "profile/profile.h"

/* Notes become comments "heaptap:KEY=VALUE". */
#define PPROF_NOTE_PREFIX "heaptap:"

/* 0, -EINVAL when the profile has no metric at all, -ENOMEM. Errors of @out's own writing are left
 * to its ferror(); it is not flushed. */
int pprof_write(const struct profile *profile, FILE *out);

#endif
