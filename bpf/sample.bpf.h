/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Which allocation is a sample. A countdown of bytes per CPU, drawn from an exponential with mean
 * R: the allocation that takes it to zero is the sample, and a new one is drawn. The exponential
 * has no memory, so how threads share the countdowns, and calls that are looked at but not kept,
 * bias nothing. For the same reason what is left of a countdown when the rate changes is as good as
 * a new one: it is drawn again, with the new mean.
 */
#ifndef HEAPTAP_BPF_SAMPLE_H
#define HEAPTAP_BPF_SAMPLE_H

#include "heaptap/sampling.h"
#include "maps.bpf.h"

extern const volatile __u32 ht_weight_table[HT_WEIGHT_SIZE];
extern const volatile __u32 ht_ln_table[HT_LN_SIZE];

struct countdown_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ht_countdown);
};
extern struct countdown_map countdown SEC(".maps");

/* A new countdown, in bytes. Global: drawn seldom, called from several places. */
__s64 sample_gap(__u64 rate);

static __always_inline bool sample_hit(__u64 size, __u64 rate, __u32 rate_now)
{
	struct ht_countdown *here = bpf_map_lookup_elem(&countdown, &(__u32){0});
	__s64 rest;

	if (!here)
		return 0;
	if (here->rate_now != rate_now) {
		here->left = sample_gap(rate);
		here->rate_now = rate_now;
	}
	if (size >> 62)
		size = 1ULL << 62;
	rest = here->left - (__s64)size;
	if (rest > 0) {
		here->left = rest;
		return 0;
	}
	here->left = sample_gap(rate);
	return 1;
}

#endif
