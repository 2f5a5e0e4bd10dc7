/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles that the user names, as one or as their sum. */
#ifndef HEAPTAP_CMD_INPUT_H
#define HEAPTAP_CMD_INPUT_H

#include <stdbool.h>

#include "profile/profile.h"

/* @file may be "-", stdin. @type: as pprof_read_type(). 0, or -errno after a message. */
int input_read(const char *file, const char *type, struct profile **ret);

/* The sum of @nr files; of one, that one as it is. Warns, unless @quiet, of what does not go
 * together well. 0, or -errno after a message. */
int input_read_all(char *const *files, unsigned int nr, const char *type, bool quiet,
		   struct profile **ret);

/* Settles which metric is shown: what the user asked for (@given, *metric), which must be there, or
 * else the first one of a fixed order that is. @what has them, for messages. 0, or -ENOENT after a
 * message. */
int input_settle_metric(const struct profile *profile, const char *what, bool given,
			enum metric *metric);

#endif
