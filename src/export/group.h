/* SPDX-License-Identifier: Apache-2.0 */
/* Whose a sample is, for views that show processes or containers and not sites. */
#ifndef HEAPTAP_EXPORT_GROUP_H
#define HEAPTAP_EXPORT_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/profile.h"

enum group_by {
	BY_NOTHING,
	BY_PID, /* and comm */
	BY_COMM,
	BY_CGROUP,
	BY_CONTAINER,
	NR_GROUP_BY,
};

/* "pid", "comm", ...; group_parse() returns -EINVAL for what is none of them. */
const char *group_by_name(enum group_by by);
int group_parse(const char *name, enum group_by *ret);

/* A profile of several processes: what it says of one is not said of a sample without labels. */
bool group_is_of_several(const struct profile *profile);

/* Whether some sample says its group; true of no samples. */
bool group_is_known(const struct profile *profile, enum group_by by);

/* Equal for samples of one group of a profile, by two words. */
void group_key(const struct profile *profile, const struct profile_sample *sample, enum group_by by,
	       uint64_t ret[2]);

/* What the group of @sample is called: "redis-server", "1234 redis-server", a path; "[none]" when
 * the sample does not say. */
void group_name(const struct profile *profile, const struct profile_sample *sample,
		enum group_by by, char *text, size_t size);

/* The same as the root of a stack, where a pid is behind its comm as stackcollapse-perf.pl --pid
 * has it: "redis-server-1234". */
void group_root(const struct profile *profile, const struct profile_sample *sample,
		enum group_by by, char *text, size_t size);

#endif
