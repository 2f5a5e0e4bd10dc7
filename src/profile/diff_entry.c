// SPDX-License-Identifier: Apache-2.0
/* Arithmetic on what two profiles say of one thing. Declared in diff.h. */
#include <math.h>

#include "profile/diff.h"

#define WITHIN 2 /* standard errors */

const struct diff_entry diff_entry_zero = {
	.parts = {{.inuse_error_known = true, .alloc_error_known = true},
		  {.inuse_error_known = true, .alloc_error_known = true}},
	.site = PROFILE_NONE,
};

static int64_t add_saturated(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

int64_t diff_delta(const struct diff_entry *entry, enum metric metric)
{
	int64_t base = entry->parts[DIFF_BASE].values[metric], delta;

	if (__builtin_sub_overflow(entry->parts[DIFF_NEW].values[metric], base, &delta))
		return base < 0 ? INT64_MAX : INT64_MIN;
	return delta;
}

void diff_entry_add(struct diff_entry *to, const struct diff_entry *from)
{
	for (int side = 0; side < NR_DIFF_SIDES; side++) {
		struct diff_part *part = &to->parts[side];
		const struct diff_part *more = &from->parts[side];

		for (int i = 0; i < NR_METRICS; i++)
			part->values[i] = add_saturated(part->values[i], more->values[i]);
		part->inuse_variance += more->inuse_variance;
		part->alloc_variance += more->alloc_variance;
		part->inuse_error_known &= more->inuse_error_known;
		part->alloc_error_known &= more->alloc_error_known;
	}
}

static bool is_inuse(enum metric metric)
{
	return metric == METRIC_INUSE_SPACE || metric == METRIC_INUSE_OBJECTS;
}

bool diff_error(const struct diff_entry *entry, enum metric metric, double *ret)
{
	const struct diff_part *base = &entry->parts[DIFF_BASE], *new = &entry->parts[DIFF_NEW];

	if (metric >= NR_HEAP_METRICS)
		return false;
	if (is_inuse(metric)) {
		if (!base->inuse_error_known || !new->inuse_error_known)
			return false;
		*ret = sqrt(base->inuse_variance + new->inuse_variance);
	} else {
		if (!base->alloc_error_known || !new->alloc_error_known)
			return false;
		*ret = sqrt(base->alloc_variance + new->alloc_variance);
	}
	return true;
}

enum diff_verdict diff_judge(const struct diff_entry *entry, enum metric metric)
{
	int64_t base = entry->parts[DIFF_BASE].values[metric];
	int64_t new = entry->parts[DIFF_NEW].values[metric];

	if (base == new)
		return DIFF_SAME;
	if (!base)
		return DIFF_APPEARED;
	if (!new)
		return DIFF_VANISHED;
	return new > base ? DIFF_GREW : DIFF_SHRANK;
}

const char *diff_verdict_name(enum diff_verdict verdict)
{
	static const char *const names[NR_DIFF_VERDICTS] = {
		[DIFF_SAME] = "same",	 [DIFF_GREW] = "grew",	   [DIFF_SHRANK] = "shrank",
		[DIFF_APPEARED] = "new", [DIFF_VANISHED] = "gone",
	};

	return names[verdict];
}

bool diff_within_error(const struct diff_entry *entry, enum metric metric)
{
	enum metric bytes = is_inuse(metric) ? METRIC_INUSE_SPACE : METRIC_ALLOC_SPACE;
	double error;

	if (!diff_error(entry, metric, &error) || error <= 0)
		return false;
	return fabs((double)diff_delta(entry, bytes)) <= WITHIN * error;
}
