// SPDX-License-Identifier: Apache-2.0
/* A sweep reads the whole live map: some 0.2 us an entry, so it may take a fiftieth of the time. */
#include "collect/ended.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collect/live_map.h"
#include "collect/processes.h"
#include "util/clock.h"

#define SWEEP_INTERVAL_NS 1000000000ULL
#define SWEEP_REST	  50 /* times as long as the last sweep took */

uint64_t ended_until_ns(const struct watch_list *list, uint32_t tgid, uint32_t epoch)
{
	const struct target *target = &watch_list_at(list, tgid, epoch)->target;

	if (epoch < target->epoch)
		return 0;
	return target->ended ? target->ended_ns : UINT64_MAX;
}

struct sweep {
	struct ended *ended;
	const struct kernel *kernel;
	const struct watch_list *list;
	uint32_t nr, max;
	struct ht_live_key *keys; /* to be taken out */
	uint32_t nr_sites;
	struct site_totals *old; /* by site: its inuse that was old at its end */
};

/* One that is not known to be gone yet is left to the next sweep. *ret_until_ns as above. */
static bool is_gone(const struct sweep *sweep, uint32_t tgid, uint32_t epoch,
		    uint64_t *ret_until_ns)
{
	if (processes_have(kernel_processes(sweep->kernel), tgid, epoch))
		return false;
	*ret_until_ns = ended_until_ns(sweep->list, tgid, epoch);
	return *ret_until_ns != UINT64_MAX;
}

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

static int visit(const struct ht_live_key *key, const struct ht_live *entry, void *arg)
{
	struct sweep *sweep = arg;
	uint64_t min_age_ns = sweep->ended->options.min_age_ns, until_ns;

	if (!is_gone(sweep, key->tgid, key->epoch, &until_ns))
		return 0;
	if (min_age_ns && entry->site < sweep->nr_sites &&
	    snapshot_is_old(sweep->kernel, entry, until_ns, min_age_ns))
		snapshot_add_inuse(sweep->kernel, entry, &sweep->old[entry->site]);
	return remember(sweep, key);
}

static int fold(struct sweep *sweep, struct kernel *kernel, struct stacks *stacks,
		const struct ht_site *site, uint32_t index, uint64_t until_ns)
{
	struct ended *ended = sweep->ended;
	struct site_totals totals = sweep->old[index];
	int err = 0;

	snapshot_read_site(kernel, site, !ended->options.min_age_ns && until_ns, &totals);
	totals.stack = stacks_at(stacks, index);
	if (ended->mmaps) {
		const struct mmaps_context context = {ended->attachments, stacks, sweep->list};

		mmaps_add_site(ended->mmaps, &context, index, &totals, &ended->mapped);
		mmaps_forget_site(ended->mmaps, index);
	}
	if (totals.samples) {
		watch_list_at(sweep->list, site->key.tgid, site->key.epoch)->in_books = true;
		err = ended->options.fold(ended->options.arg, &totals);
		ended->sum.nr_lost += !site->sent;
		snapshot_add(&totals, &ended->sum.total);
	}
	stacks_drop(stacks, index);
	return err ?: kernel_site_recycle(kernel, index);
}

static int fold_sites(struct sweep *sweep, struct kernel *kernel, struct stacks *stacks)
{
	const struct ht_site *sites = kernel_sites(kernel, &(uint32_t){0});
	uint64_t until_ns;
	int err = 0;

	for (uint32_t i = 1; i < sweep->nr_sites && !err; i++) {
		const struct ht_site_key *key = &sites[i].key;

		if (key->tgid && is_gone(sweep, key->tgid, key->epoch, &until_ns))
			err = fold(sweep, kernel, stacks, &sites[i], i, until_ns);
	}
	return err;
}

static uint64_t until_ns(const void *arg, uint32_t tgid, uint32_t epoch)
{
	const struct sweep *sweep = arg;

	return ended_until_ns(sweep->list, tgid, epoch);
}

static bool image_is_gone(const void *arg, uint32_t tgid, uint32_t epoch)
{
	return is_gone(arg, tgid, epoch, &(uint64_t){0});
}

int ended_sweep(struct ended *ended, struct kernel *kernel, struct stacks *stacks,
		struct watch_list *list)
{
	struct sweep sweep = {.ended = ended, .kernel = kernel, .list = list};
	uint64_t begin = clock_now_ns(), took;
	int err;

	if (list->nr_gone == ended->nr_swept || begin < ended->next_ns)
		return 0;
	ended->nr_swept = list->nr_gone;
	kernel_sites(kernel, &sweep.nr_sites);
	sweep.old = calloc(sweep.nr_sites, sizeof(*sweep.old));
	err = sweep.old ? live_map_each(kernel_live_fd(kernel), visit, &sweep) : -ENOMEM;
	err = err ?: live_map_delete(kernel_live_fd(kernel), sweep.keys, sweep.nr);
	took = clock_now_ns() - begin; /* naming sites takes longer, but is done once for each */
	if (ended->mmaps)
		mmaps_sum(ended->mmaps, kernel, &(struct snapshot_images){until_ns, &sweep},
			  ended->options.min_age_ns, begin);
	err = err ?: fold_sites(&sweep, kernel, stacks);
	if (ended->mmaps)
		mmaps_forget_images(ended->mmaps, image_is_gone, &sweep);
	if (!err)
		watch_list_forget(list);
	free(sweep.keys);
	free(sweep.old);
	ended->next_ns = begin + SWEEP_INTERVAL_NS + SWEEP_REST * took;
	return err;
}
