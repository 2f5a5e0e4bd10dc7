/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table from a key, any bytes, to a number: how equal strings, functions, stacks are found.
 * It keeps its own copy of each key, aligned for any type, at an address that stays valid until
 * table_done(); so a key doubles as the storage of what it describes.
 *
 * A zeroed struct table is empty and ready. Costs about 80 bytes an entry above the key.
 */
#ifndef HEAPTAP_PROFILE_TABLE_H
#define HEAPTAP_PROFILE_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table {
	struct table_entry *first; /* private */
};

void table_done(struct table *table);

/* The table's copy of @key, or NULL when it is not there. @ret_value may be NULL. */
const void *table_find(const struct table *table, const void *key, size_t size,
		       uint32_t *ret_value);

/* The same, but a key that is not there is added with @value. NULL when out of memory. */
const void *table_enter(struct table *table, const void *key, size_t size, uint32_t value,
			uint32_t *ret_value);

/* Keys in the order they were added: the one after @key, the first after NULL. @key must be the
 * table's own copy. NULL at the end. */
const void *table_next(const struct table *table, const void *key);

#endif
