// SPDX-License-Identifier: Apache-2.0
/* A bucket is a value's highest bit and the HISTOGRAM_SHIFT bits behind it. */
#include "util/histogram.h"

#include <math.h>

#define STEPS (1u << HISTOGRAM_SHIFT)

static unsigned int bucket_of(uint64_t value)
{
	unsigned int shift;

	if (value < STEPS)
		return value;
	shift = 63 - __builtin_clzll(value) - HISTOGRAM_SHIFT;
	return (shift << HISTOGRAM_SHIFT) + (unsigned int)(value >> shift);
}

/* The largest value in it. */
static uint64_t bucket_end(unsigned int bucket)
{
	unsigned int shift;

	if (bucket < 2 * STEPS)
		return bucket;
	shift = (bucket >> HISTOGRAM_SHIFT) - 1;
	return (((uint64_t)STEPS + (bucket & (STEPS - 1))) << shift) + ((1ULL << shift) - 1);
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
	histogram->nr++;
	histogram->total += value;
	if (value > histogram->max)
		histogram->max = value;
	histogram->buckets[bucket_of(value)]++;
}

uint64_t histogram_quantile(const struct histogram *histogram, double share)
{
	double wanted = ceil(share * histogram->nr);
	uint64_t seen = 0, end;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		seen += histogram->buckets[i];
		if (!seen || seen < wanted)
			continue;
		end = bucket_end(i);
		return end < histogram->max ? end : histogram->max;
	}
	return histogram->max;
}
