/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles that the user names, for the commands that need no target. */
#ifndef HEAPTAP_CMD_INPUT_H
#define HEAPTAP_CMD_INPUT_H

#include "profile/profile.h"

/* Reads @file, "-" being stdin. 0, or -errno after a message. */
int input_read(const char *file, struct profile **ret);

/* Settles which metric is shown: what the user asked for (@given, *metric), which must be there, or
 * else the first one of a fixed order that is. @what has them, for messages. 0, or -ENOENT after a
 * message. */
int input_settle_metric(const struct profile *profile, const char *what, bool given,
			enum metric *metric);

#endif
