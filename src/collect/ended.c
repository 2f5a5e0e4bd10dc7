// SPDX-License-Identifier: Apache-2.0
/*
 * A sweep reads the whole live map: some 0.2 us an entry, so it may take a fiftieth of the time.
 * What is gone then is handed on a little at a time, since naming stacks may take seconds (a
 * compiler's) while events wait in the ring.
 */
#include "collect/ended.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collect/live_map.h"
#include "collect/processes.h"
#include "util/clock.h"

#define SWEEP_INTERVAL_NS 1000000000ULL
#define SWEEP_REST	  50	      /* times as long as the last sweep took */
#define FOLD_NS		  20000000ULL /* handed on at a time */

uint64_t ended_until_ns(const struct watch_list *list, uint32_t tgid, uint32_t epoch)
{
	const struct target *target = &watch_list_at(list, tgid, epoch)->target;

	if (epoch < target->epoch)
		return 0;
	return target->ended ? target->ended_ns : UINT64_MAX;
}

/* A site whose image is gone, and when it went. */
struct gone_site {
	uint32_t index;
	uint64_t until_ns;
};

struct sweep {
	struct ended *ended;
	struct kernel *kernel;
	struct stacks *stacks;
	struct watch_list *list;
	uint32_t nr, max;
	struct ht_live_key *keys; /* to be taken out */
	uint32_t nr_sites;
	struct site_totals *held; /* by site: at its end, inuse only with a minimal age */
	uint32_t nr_gone, at;
	struct gone_site *gone; /* from at on they are still to be handed on */
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
	if (entry->site < sweep->nr_sites)
		snapshot_add_held(sweep->kernel, entry, until_ns, min_age_ns,
				  &sweep->held[entry->site]);
	return remember(sweep, key);
}

static int fold(struct sweep *sweep, const struct gone_site *gone)
{
	const struct ht_site *site = &kernel_sites(sweep->kernel, &(uint32_t){0})[gone->index];
	struct site_totals totals = sweep->held[gone->index];
	struct ended *ended = sweep->ended;
	int err = 0;

	snapshot_read_site(sweep->kernel, site, !ended->options.min_age_ns && gone->until_ns,
			   &totals);
	totals.stack = stacks_at(sweep->stacks, gone->index);
	if (ended->mmaps) {
		const struct mmaps_context context = {ended->attachments, sweep->stacks,
						      sweep->list};

		mmaps_add_site(ended->mmaps, &context, gone->index, &totals, &ended->mapped);
		mmaps_forget_site(ended->mmaps, gone->index);
	}
	if (ended->pages) {
		pages_add_site(ended->pages, gone->index, &totals, &ended->paged);
		pages_forget_site(ended->pages, gone->index);
	}
	if (totals.samples) {
		watch_list_at(sweep->list, site->key.tgid, site->key.epoch)->in_books = true;
		err = ended->options.fold(ended->options.arg, &totals);
		ended->sum.nr_lost += !site->sent;
		snapshot_add(&totals, &ended->sum.total);
	}
	stacks_drop(sweep->stacks, gone->index);
	return err ?: kernel_site_recycle(sweep->kernel, gone->index);
}

static int find_gone(struct sweep *sweep)
{
	const struct ht_site *sites = kernel_sites(sweep->kernel, &(uint32_t){0});
	uint64_t until_ns;

	sweep->gone = calloc(sweep->nr_sites, sizeof(*sweep->gone));
	if (!sweep->gone)
		return -ENOMEM;
	for (uint32_t i = 1; i < sweep->nr_sites; i++) {
		const struct ht_site_key *key = &sites[i].key;

		if (key->tgid && is_gone(sweep, key->tgid, key->epoch, &until_ns))
			sweep->gone[sweep->nr_gone++] = (struct gone_site){i, until_ns};
	}
	return 0;
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

static void sweep_free(struct sweep *sweep)
{
	if (!sweep)
		return;
	free(sweep->keys);
	free(sweep->held);
	free(sweep->gone);
	free(sweep);
}

/* Takes what is gone out of the live map, and notes what is to be handed on. */
static int sweep_begin(struct sweep *sweep)
{
	struct ended *ended = sweep->ended;
	uint64_t begin = clock_now_ns();
	int err;

	kernel_sites(sweep->kernel, &sweep->nr_sites);
	sweep->held = calloc(sweep->nr_sites, sizeof(*sweep->held));
	err = sweep->held ? live_map_each(kernel_live_fd(sweep->kernel), visit, sweep) : -ENOMEM;
	err = err ?: live_map_delete(kernel_live_fd(sweep->kernel), sweep->keys, sweep->nr);
	if (ended->mmaps) {
		mmaps_sum(ended->mmaps, sweep->kernel, &(struct snapshot_images){until_ns, sweep},
			  ended->options.min_age_ns, begin);
		mmaps_forget_images(ended->mmaps, image_is_gone, sweep);
	}
	if (ended->pages) {
		pages_sum(ended->pages, sweep->kernel, &(struct snapshot_images){until_ns, sweep},
			  ended->options.min_age_ns, begin);
		pages_forget_images(ended->pages, image_is_gone, sweep);
	}
	err = err ?: find_gone(sweep);
	if (!err)
		watch_list_condemn(sweep->list);
	ended->next_ns = begin + SWEEP_INTERVAL_NS + SWEEP_REST * (clock_now_ns() - begin);
	return err;
}

/* Hands on until @until_ns, and when all is handed on forgets whose it was. */
static int sweep_go_on(struct ended *ended, uint64_t until_ns)
{
	struct sweep *sweep = ended->sweep;
	int err = 0;

	while (sweep->at < sweep->nr_gone && !err && clock_now_ns() < until_ns)
		err = fold(sweep, &sweep->gone[sweep->at++]);
	if (!err && sweep->at < sweep->nr_gone)
		return 0;
	if (!err)
		watch_list_forget(sweep->list);
	sweep_free(sweep);
	ended->sweep = NULL;
	return err;
}

bool ended_is_busy(const struct ended *ended)
{
	return ended->sweep;
}

int ended_sweep(struct ended *ended, struct kernel *kernel, struct stacks *stacks,
		struct watch_list *list)
{
	int err;

	if (!ended->sweep) {
		if (list->nr_gone == ended->nr_swept || clock_now_ns() < ended->next_ns)
			return 0;
		ended->nr_swept = list->nr_gone;
		ended->sweep = calloc(1, sizeof(*ended->sweep));
		if (!ended->sweep)
			return -ENOMEM;
		*ended->sweep = (struct sweep){
			.ended = ended, .kernel = kernel, .stacks = stacks, .list = list};
		err = sweep_begin(ended->sweep);
		if (err)
			return err;
	}
	return sweep_go_on(ended, clock_now_ns() + FOLD_NS);
}

int ended_finish(struct ended *ended)
{
	return ended->sweep ? sweep_go_on(ended, UINT64_MAX) : 0;
}

void ended_done(struct ended *ended)
{
	sweep_free(ended->sweep);
	ended->sweep = NULL;
}
