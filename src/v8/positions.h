/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V8's tables of source positions: from an offset in bytecode or machine code to a place in the
 * source, and for optimized code to the function that was inlined there. Pure functions of bytes.
 */
#ifndef HEAPTAP_V8_POSITIONS_H
#define HEAPTAP_V8_POSITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A position as V8 packs it: bit 0 external, 30 bits of offset + 1, 16 bits of inlining id + 1. */
#define V8_POSITION_OFFSET(raw)	  ((int32_t)((raw) >> 1 & 0x3fffffff) - 1) /* -1: unknown */
#define V8_POSITION_INLINING(raw) ((int32_t)((raw) >> 31 & 0xffff) - 1)	   /* -1: not inlined */

/* From the first byte of a bytecode array's table, whose first entry is always the same: 1 as V8
 * wrote it until 13.6, 2 since 14.1. Returns false when it says neither. */
bool v8_positions_detect(const uint8_t *table, size_t size, bool *ret_new);

/* The position of the last entry at or before @offset. -ENOENT when there is none, -EINVAL when the
 * table is broken before it. */
int v8_positions_find(const uint8_t *table, size_t size, bool is_new, int64_t offset,
		      uint64_t *ret_raw);

/* An unsigned number of base 128, low part first, at *at, which is moved behind it. -EINVAL when it
 * does not end in @size bytes. */
int v8_varint_read(const uint8_t *bytes, size_t size, size_t *at, uint64_t *ret);

#endif
