/* SPDX-License-Identifier: Apache-2.0 */
/* The map of outstanding allocations, many at a time. The descriptor is kernel_live_fd()'s. */
#ifndef HEAPTAP_COLLECT_LIVE_MAP_H
#define HEAPTAP_COLLECT_LIVE_MAP_H

#include <stdint.h>

#include "heaptap/wire.h"

/* Calls @visit for every outstanding allocation; stops when it returns non-zero, and returns that.
 * -errno of reading the map. */
int live_map_each(int map,
		  int (*visit)(const struct ht_live_key *key, const struct ht_live *entry,
			       void *arg),
		  void *arg);

/* Takes entries out; totals stay. 0 or -errno. */
int live_map_delete(int map, const struct ht_live_key *keys, uint32_t nr);

#endif
