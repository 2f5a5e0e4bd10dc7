// SPDX-License-Identifier: Apache-2.0
/* The one user of uthash in this folder. Lack of memory must not end the process, which is uthash's
 * default. */
#include "profile/table.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct table_entry {
	UT_hash_handle hh;
	uint32_t value;
	_Alignas(max_align_t) unsigned char key[];
};

void table_done(struct table *table)
{
	struct table_entry *entry, *next;

	HASH_ITER (hh, table->first, entry, next) {
		HASH_DEL(table->first, entry);
		free(entry);
	}
}

const void *table_find(const struct table *table, const void *key, size_t size, uint32_t *ret_value)
{
	struct table_entry *entry;

	HASH_FIND(hh, table->first, key, size, entry);
	if (!entry)
		return NULL;
	if (ret_value)
		*ret_value = entry->value;
	return entry->key;
}

const void *table_enter(struct table *table, const void *key, size_t size, uint32_t value,
			uint32_t *ret_value)
{
	struct table_entry *entry;
	unsigned int hash;

	if (size > UINT_MAX - sizeof(*entry))
		return NULL;
	HASH_VALUE(key, size, hash);
	HASH_FIND_BYHASHVALUE(hh, table->first, key, size, hash, entry);
	if (!entry) {
		entry = malloc(sizeof(*entry) + size);
		if (!entry)
			return NULL;
		memcpy(entry->key, key, size);
		entry->value = value;
		HASH_ADD_KEYPTR_BYHASHVALUE(hh, table->first, entry->key, size, hash, entry);
		if (!entry->hh.tbl) {
			free(entry);
			return NULL;
		}
	}
	if (ret_value)
		*ret_value = entry->value;
	return entry->key;
}

const void *table_next(const struct table *table, const void *key)
{
	const struct table_entry *entry;

	if (!key) {
		entry = table->first;
	} else {
		entry = (const void *)((const char *)key - offsetof(struct table_entry, key));
		entry = entry->hh.next;
	}
	return entry ? entry->key : NULL;
}
