// SPDX-License-Identifier: Apache-2.0
/* What the kernel's hash tables and arrays cost, and the division. */
#include "collect/map_sizes.h"

#include <stddef.h>

#include "heaptap/unwind.h"
#include "heaptap/wire.h"

/* What an element costs in the kernel beside key and value: struct htab_elem and its bucket. */
#define HASH_ELEMENT  48
#define HASH_BUCKET   16
#define RING_SIZE_MAX (4U << 20)
#define RING_SIZE_MIN (64U << 10)

static uint64_t round_up(uint64_t n, uint64_t step)
{
	return (n + step - 1) / step * step;
}

static uint64_t power_of_two(uint64_t n)
{
	uint64_t p = 1;

	while (p < n)
		p *= 2;
	return p;
}

static uint64_t hash_bytes(uint32_t nr, size_t key_size, size_t value_size)
{
	return nr * (HASH_ELEMENT + round_up(key_size, 8) + round_up(value_size, 8)) +
	       power_of_two(nr) * HASH_BUCKET;
}

static uint64_t site_bytes(uint32_t nr)
{
	return nr * (sizeof(struct ht_site) + sizeof(uint32_t)) +
	       hash_bytes(nr, sizeof(struct ht_site_key), sizeof(uint32_t));
}

static uint64_t live_bytes(uint32_t nr)
{
	return hash_bytes(nr, sizeof(struct ht_live_key), sizeof(struct ht_live));
}

uint32_t map_sizes_user_ring(uint64_t memory)
{
	uint32_t ring = RING_SIZE_MIN;

	while (ring < RING_SIZE_MAX && ring * 2 <= memory / 64)
		ring *= 2;
	return ring;
}

#define TABLES_CHUNK_BYTES (HT_CHUNK_WORDS * sizeof(uint64_t))

/*
 * Three eighths of the memory for unwind tables, which are allocated as they are loaded. Of the
 * rest, the books, an eighth for the ring, a quarter for sites, and what is left for outstanding
 * allocations. Hash tables allocate buckets in powers of two, so the largest count that fits is
 * searched.
 */
void map_sizes_choose(uint64_t memory, uint64_t fixed, struct map_sizes *ret)
{
	uint64_t tables = memory * 3 / 8 / TABLES_CHUNK_BYTES * TABLES_CHUNK_BYTES;
	uint64_t left = memory - tables > fixed ? memory - tables - fixed : 0;
	uint64_t ring = RING_SIZE_MIN;
	uint32_t n;

	ret->nr_chunks = tables / TABLES_CHUNK_BYTES ?: 1;
	while (ring < RING_SIZE_MAX && ring * 2 <= left / 8)
		ring *= 2;
	ret->ring_size = ring;
	left = left > ring ? left - ring : 0;
	for (n = 1024; n < 65536 && site_bytes(n * 2) <= left / 4; n *= 2)
		;
	ret->nr_sites = n;
	left = left > site_bytes(n) ? left - site_bytes(n) : 0;
	for (n = 1024; live_bytes(n + 1024) <= left && n < UINT32_MAX - 1024; n += 1024)
		;
	ret->nr_live = n;
	ret->bytes = tables + fixed + ring + site_bytes(ret->nr_sites) + live_bytes(n);
}
