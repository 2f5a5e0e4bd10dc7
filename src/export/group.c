// SPDX-License-Identifier: Apache-2.0
/*
 * By the labels of a sample; in a profile of one process, whose samples have none, by its notes.
 * Labels are interned by the profile, so that a pointer stands for a name.
 */
#include "export/group.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/table_rows.h"
#include "profile/label.h"

static const char *const names[NR_GROUP_BY] = {
	[BY_NOTHING] = "nothing",     [BY_PID] = "pid", [BY_COMM] = "comm", [BY_CGROUP] = "cgroup",
	[BY_CONTAINER] = "container",
};

const char *group_by_name(enum group_by by)
{
	return names[by];
}

int group_parse(const char *name, enum group_by *ret)
{
	for (int by = BY_NOTHING + 1; by < NR_GROUP_BY; by++)
		if (!strcmp(names[by], name)) {
			*ret = by;
			return 0;
		}
	return -EINVAL;
}

#define NONE "[none]"

bool group_is_of_several(const struct profile *profile)
{
	return profile_note(profile, "targets") ||
	       (profile_note(profile, "target") && !profile_note(profile, "comm"));
}

/* The pid; 0 when it is not told. The note of a single target begins with it. */
static int64_t pid_of(const struct profile *profile, const struct profile_sample *sample)
{
	const char *target = profile_note(profile, "target");

	for (uint32_t i = 0; i < sample->nr_labels; i++)
		if (!sample->labels[i].string && !strcmp(sample->labels[i].key, "pid"))
			return sample->labels[i].number;
	return target && !group_is_of_several(profile) ? strtoll(target, NULL, 10) : 0;
}

static const char *text_of(const struct profile *profile, const struct profile_sample *sample,
			   enum group_by by)
{
	const char *text;

	if (by == BY_COMM || by == BY_PID)
		return sample_comm(profile, sample);
	text = label_string(sample, names[by]);
	if (!text && !group_is_of_several(profile))
		text = profile_note(profile, names[by]);
	return text ?: NONE;
}

void group_key(const struct profile *profile, const struct profile_sample *sample, enum group_by by,
	       uint64_t ret[2])
{
	ret[0] = by == BY_PID ? (uint64_t)pid_of(profile, sample) : 0;
	ret[1] = (uintptr_t)text_of(profile, sample, by);
}

void group_name(const struct profile *profile, const struct profile_sample *sample,
		enum group_by by, char *text, size_t size)
{
	int64_t pid = by == BY_PID ? pid_of(profile, sample) : 0;

	if (pid)
		snprintf(text, size, "%" PRId64 " %s", pid, text_of(profile, sample, by));
	else
		snprintf(text, size, "%s", text_of(profile, sample, by));
}

void group_root(const struct profile *profile, const struct profile_sample *sample,
		enum group_by by, char *text, size_t size)
{
	int64_t pid = by == BY_PID ? pid_of(profile, sample) : 0;

	if (pid)
		snprintf(text, size, "%s-%" PRId64, text_of(profile, sample, by), pid);
	else
		group_name(profile, sample, by, text, size);
}

bool group_is_known(const struct profile *profile, enum group_by by)
{
	for (uint32_t i = 0; i < profile->nr_samples; i++) {
		const struct profile_sample *sample = &profile->samples[i];

		if (by == BY_PID ? pid_of(profile, sample) != 0
				 : strcmp(text_of(profile, sample, by), NONE) != 0)
			return true;
	}
	return !profile->nr_samples;
}
