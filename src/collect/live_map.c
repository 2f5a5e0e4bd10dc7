// SPDX-License-Identifier: Apache-2.0
/* Elements are read by the thousand: one system call each would take seconds for a full map. */
#include "collect/live_map.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#define LIVE_BATCH 4096

int live_map_each(int map,
		  int (*visit)(const struct ht_live_key *key, const struct ht_live *entry,
			       void *arg),
		  void *arg)
{
	int err = 0;
	struct ht_live_key *keys = calloc(LIVE_BATCH, sizeof(*keys));
	struct ht_live *entries = calloc(LIVE_BATCH, sizeof(*entries));
	uint32_t cursor, n;
	bool first = true, last = false;

	if (!keys || !entries)
		err = -ENOMEM;
	while (!err && !last) {
		n = LIVE_BATCH;
		if (bpf_map_lookup_batch(map, first ? NULL : &cursor, &cursor, keys, entries, &n,
					 NULL)) {
			last = errno == ENOENT;
			if (!last)
				err = -errno;
		}
		first = false;
		for (uint32_t i = 0; i < n && !err; i++)
			err = visit(&keys[i], &entries[i], arg);
	}
	free(keys);
	free(entries);
	return err;
}

int live_map_delete(int map, const struct ht_live_key *keys, uint32_t nr)
{
	for (uint32_t done = 0; done < nr; done++) {
		uint32_t n = nr - done;

		/* stops at what is not there */
		if (bpf_map_delete_batch(map, keys + done, &n, NULL) && errno != ENOENT)
			return -errno;
		done += n;
	}
	return 0;
}
