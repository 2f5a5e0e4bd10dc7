/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the memory the BPF maps may take is divided between them. Arithmetic alone, so that it can be
 * tested without a kernel.
 */
#ifndef HEAPTAP_COLLECT_MAP_SIZES_H
#define HEAPTAP_COLLECT_MAP_SIZES_H

#include <stdint.h>

/* Of all processes, with room for sets that are being replaced. */
#define MAP_SIZES_NR_MAPPINGS 8192

/* Different unwind rules; a large program has two thousand. */
#define MAP_SIZES_NR_RULES 16384

struct map_sizes {
	uint32_t nr_live, nr_sites; /* outstanding allocations, call stacks */
	uint32_t nr_chunks;	    /* of unwind tables, at most */
	uint32_t ring_size;	    /* bytes, a power of two */
	uint64_t bytes;		    /* of all maps when they are full */
};

/* Bytes, a power of two, of a ring whose books user space keeps (about mappings, about page faults)
 * where all maps may take @memory. */
uint32_t map_sizes_user_ring(uint64_t memory);

/* @memory bytes for everything, of which @fixed are taken by maps of fixed size. When that leaves
 * too little, the smallest sizes there are. */
void map_sizes_choose(uint64_t memory, uint64_t fixed, struct map_sizes *ret);

#endif
