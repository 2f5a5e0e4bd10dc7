// SPDX-License-Identifier: Apache-2.0
/* A sweep reads the whole live map: some 0.2 us an entry, so it may take a fiftieth of the time. */
#include "collect/ended.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collect/processes.h"
#include "util/clock.h"

#define SWEEP_INTERVAL_NS 1000000000ULL
#define SWEEP_REST	  50 /* times as long as the last sweep took */

uint64_t ended_until_ns(const struct watch_list *list, uint32_t tgid, uint32_t epoch)
{
	const struct target *target = &watch_list_at(list, tgid, epoch)->target;

	if (target->epoch != epoch)
		return 0;
	return target->ended ? target->ended_ns : UINT64_MAX;
}

struct sweep {
	struct ended *ended;
	const struct kernel *kernel;
	const struct watch_list *list;
	uint32_t nr, max;
	struct ht_live_key *keys; /* to be taken out */
};

static int remember(struct sweep *sweep, const struct ht_live_key *key)
{
	if (sweep->nr == sweep->max) {
		uint32_t max = sweep->max ? 2 * sweep->max : 1024;
		struct ht_live_key *keys = reallocarray(sweep->keys, max, sizeof(*keys));

		if (!keys)
			return -ENOMEM;
		sweep->keys = keys;
		sweep->max = max;
	}
	sweep->keys[sweep->nr++] = *key;
	return 0;
}

static int keep_old(struct ended *ended, const struct kernel *kernel, const struct ht_live *entry)
{
	uint32_t nr = entry->site + 1;
	struct site_totals *old;

	if (nr > ended->nr) {
		nr += nr / 2;
		old = reallocarray(ended->old, nr, sizeof(*old));
		if (!old)
			return -ENOMEM;
		memset(old + ended->nr, 0, (nr - ended->nr) * sizeof(*old));
		ended->old = old;
		ended->nr = nr;
	}
	snapshot_add_inuse(kernel, entry, &ended->old[entry->site]);
	return 0;
}

/* An image that is not known to be gone yet is left to the next sweep. */
static int visit(const struct ht_live_key *key, const struct ht_live *entry, void *arg)
{
	struct sweep *sweep = arg;
	uint64_t until;
	int err = 0;

	if (processes_have(kernel_processes(sweep->kernel), key->tgid, key->epoch))
		return 0;
	until = ended_until_ns(sweep->list, key->tgid, key->epoch);
	if (until == UINT64_MAX)
		return 0;
	if (sweep->ended->min_age_ns &&
	    snapshot_is_old(sweep->kernel, entry, until, sweep->ended->min_age_ns))
		err = keep_old(sweep->ended, sweep->kernel, entry);
	return err ?: remember(sweep, key);
}

int ended_sweep(struct ended *ended, const struct kernel *kernel, const struct watch_list *list)
{
	struct sweep sweep = {.ended = ended, .kernel = kernel, .list = list};
	uint64_t begin = clock_now_ns(), took;
	int err;

	if (list->nr_gone == ended->nr_swept || begin < ended->next_ns)
		return 0;
	ended->nr_swept = list->nr_gone;
	err = kernel_live_each(kernel, visit, &sweep);
	err = err ?: kernel_live_delete(kernel, sweep.keys, sweep.nr);
	free(sweep.keys);
	took = clock_now_ns() - begin;
	ended->next_ns = begin + SWEEP_INTERVAL_NS + SWEEP_REST * took;
	return err;
}

void ended_add(const struct ended *ended, struct snapshot *snapshot)
{
	for (uint32_t i = 0; i < ended->nr && i < snapshot->nr_sites; i++) {
		snapshot->sites[i].inuse_bytes += ended->old[i].inuse_bytes;
		snapshot->sites[i].inuse_objects += ended->old[i].inuse_objects;
		snapshot->sites[i].inuse_var += ended->old[i].inuse_var;
	}
}

void ended_done(struct ended *ended)
{
	free(ended->old);
	*ended = (struct ended){0};
}
