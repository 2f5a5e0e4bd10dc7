/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pcs in which no code was found a moment ago. To find none is what costs most, and thousands
 * of frames may name a place whose code V8 has just moved; who reads them falls behind, and then
 * finds ever less. Not remembered for long, for other code will come to the place.
 */
#ifndef HEAPTAP_V8_MISSES_H
#define HEAPTAP_V8_MISSES_H

#include <stdbool.h>
#include <stdint.h>

#define V8_MISSES_BITS 10
#define V8_MISS_NS     1000000000ULL

struct v8_misses {
	struct {
		uint64_t pc, until_ns; /* CLOCK_MONOTONIC */
	} of[1 << V8_MISSES_BITS];
};

bool v8_misses_have(const struct v8_misses *misses, uint64_t pc);

/* For V8_MISS_NS, unless another pc takes the place. */
void v8_misses_add(struct v8_misses *misses, uint64_t pc);

#endif
