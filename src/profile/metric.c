// SPDX-License-Identifier: Apache-2.0
/* The metrics' names and units, as every heap profile of the pprof family spells them.
 * Declared in profile.h. */
#include <errno.h>
#include <string.h>

#include "profile/profile.h"

static const struct {
	const char *name, *unit;
} metrics[NR_METRICS] = {
	[METRIC_ALLOC_OBJECTS] = {"alloc_objects", "count"},
	[METRIC_ALLOC_SPACE] = {"alloc_space", "bytes"},
	[METRIC_INUSE_OBJECTS] = {"inuse_objects", "count"},
	[METRIC_INUSE_SPACE] = {"inuse_space", "bytes"},
	[METRIC_GC_PAUSES] = {"gc_pauses", "count"},
	[METRIC_GC_TIME] = {"gc_pause", "nanoseconds"},
};

const char *metric_name(enum metric metric)
{
	return metrics[metric].name;
}

const char *metric_unit(enum metric metric)
{
	return metrics[metric].unit;
}

int metric_parse(const char *name, enum metric *ret_metric)
{
	for (int i = 0; i < NR_METRICS; i++) {
		if (strcmp(name, metrics[i].name) == 0) {
			*ret_metric = i;
			return 0;
		}
	}
	return -EINVAL;
}
