/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maglev's table of safepoints, which follows its instructions: for each call where the code goes
 * on when it must be left. Without a version: a wrong reading of it finds nothing.
 */
#ifndef HEAPTAP_V8_SAFEPOINT_H
#define HEAPTAP_V8_SAFEPOINT_H

#include <stddef.h>
#include <stdint.h>

struct v8_safepoint {
	uint32_t deopt_index; /* of the entry in DeoptimizationData */
	uint32_t exit;	      /* offset of the code that leaves, which that entry has too */
};

/* The safepoint at the return address @pc_offset, if @head, the words before the entries' layout
 * (see safepoint.c), is 0 or 1. -ENOENT when there is none. */
int v8_safepoint_find(const uint8_t *table, size_t size, uint32_t head, uint32_t pc_offset,
		      struct v8_safepoint *ret);

#endif
