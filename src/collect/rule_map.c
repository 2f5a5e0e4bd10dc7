// SPDX-License-Identifier: Apache-2.0
/* The array is written in place; which rule has which number is kept here. */
#include "collect/rule_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <uthash.h>

struct rule_number {
	uint64_t word;
	uint16_t number;
	UT_hash_handle hh;
};

static size_t mapped_size(uint32_t max)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (max * sizeof(uint64_t) + page - 1) / page * page;
}

int rule_map_init(struct rule_map *map, int fd, uint32_t max)
{
	const struct ht_rule unknown = {.cfa_kind = HT_CFA_UNKNOWN};
	uint64_t *words = mmap(NULL, mapped_size(max), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (words == MAP_FAILED)
		return -errno;
	memcpy(&words[HT_RULE_UNKNOWN], &unknown, sizeof(unknown));
	*map = (struct rule_map){.words = words, .nr = HT_RULE_INTERPRETER + 1, .max = max};
	return 0;
}

void rule_map_done(struct rule_map *map)
{
	struct rule_number *entry, *next;

	HASH_ITER (hh, map->numbers, entry, next) {
		HASH_DEL(map->numbers, entry);
		free(entry);
	}
	if (map->words)
		munmap(map->words, mapped_size(map->max));
	*map = (struct rule_map){0};
}

int rule_map_number(struct rule_map *map, struct ht_rule rule, uint16_t *ret)
{
	struct rule_number *entry;
	uint64_t word;

	memcpy(&word, &rule, sizeof(word));
	if (!word) {
		*ret = HT_RULE_NONE;
		return 0;
	}
	HASH_FIND(hh, map->numbers, &word, sizeof(word), entry);
	if (!entry) {
		if (map->nr == map->max)
			return -ENOSPC;
		entry = calloc(1, sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		entry->word = word;
		entry->number = map->nr++;
		map->words[entry->number] = word;
		HASH_ADD(hh, map->numbers, word, sizeof(entry->word), entry);
	}
	*ret = entry->number;
	return 0;
}
