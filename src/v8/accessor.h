/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offsets of fields, learned from the code of small functions that return them: what no constant
 * for debuggers says, an accessor's own instructions do.
 */
#ifndef HEAPTAP_V8_ACCESSOR_H
#define HEAPTAP_V8_ACCESSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A load of eight bytes from a register and an offset; indexed: plus eight times another. */
struct accessor_load {
	int32_t offset;
	bool indexed;
};

/* The first loads of the function @code up to its return, at most @max. A function that calls,
 * jumps, or is not over after 24 instructions has none. Returns how many, or -ENOMEM. */
int accessor_loads(const uint8_t *code, size_t size, struct accessor_load *ret, int max);

#endif
