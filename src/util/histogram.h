/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quantiles of any number of values in a fixed amount of memory: counts in buckets whose width is
 * at most 1/64 of the value, so that a quantile is at most that much too large. A zeroed struct
 * histogram is empty and ready.
 */
#ifndef HEAPTAP_UTIL_HISTOGRAM_H
#define HEAPTAP_UTIL_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SHIFT	  6
#define HISTOGRAM_BUCKETS ((64 - HISTOGRAM_SHIFT + 1) << HISTOGRAM_SHIFT)

struct histogram {
	uint64_t nr, total, max;
	uint64_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *histogram, uint64_t value);

/* The smallest value that @share (0 to 1) of all do not exceed, rounded up to its bucket's end, but
 * never beyond the largest; 0 when there are none. */
uint64_t histogram_quantile(const struct histogram *histogram, double share);

#endif
