/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a pc to the Code object it is in, when nothing is known of the place: the object that holds
 * the instructions begins before them with its map.
 */
#ifndef HEAPTAP_V8_STREAM_H
#define HEAPTAP_V8_STREAM_H

#include <stdint.h>

#include "v8/heap.h"

/* What of a Code object tells where its instructions are and what belongs to them. */
struct v8_code_head {
	uint64_t object; /* tagged */
	uint64_t map, start, table, deopt;
	uint32_t size, flags;
};

/* The Code object whose instructions contain the byte before @pc. -ESTALE when there is none within
 * 512 KiB before it. */
int v8_stream_find(struct v8_heap *heap, uint64_t pc, struct v8_code_head *ret);

/* Of the object @code. -ESTALE when it is no Code. */
int v8_code_head_read(struct v8_heap *heap, uint64_t code, struct v8_code_head *ret);

#endif
