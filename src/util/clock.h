/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two clocks: that of people, and the one that BPF programs see too (bpf_ktime_get_ns), which never
 * jumps, and stands still while the machine sleeps.
 */
#ifndef HEAPTAP_UTIL_CLOCK_H
#define HEAPTAP_UTIL_CLOCK_H

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC, ns. */
static inline uint64_t clock_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* CLOCK_REALTIME, ns since 1970: may be set at any time. */
static inline int64_t clock_utc_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

#endif
