// SPDX-License-Identifier: Apache-2.0
/* From the kernel's fixed-point totals to numbers. */
#include "collect/snapshot.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "collect/live_map.h"
#include "heaptap/sampling.h"

static double bytes_of(uint64_t fixed)
{
	return ldexp(fixed, -HT_BYTES_SHIFT);
}

static double objects_of(uint64_t fixed)
{
	return ldexp(fixed, -HT_OBJECTS_SHIFT);
}

static double variance_of(const struct kernel *kernel, uint64_t fixed)
{
	double rate = kernel_base_rate(kernel);

	return ldexp(fixed, -16) * rate * rate;
}

/* The programs may be adding while this reads: a free can be in before its allocation. */
static uint64_t difference(uint64_t alloc, uint64_t freed)
{
	return alloc > freed ? alloc - freed : 0;
}

void snapshot_read_site(const struct kernel *kernel, const struct ht_site *site, bool inuse,
			struct site_totals *ret)
{
	ret->samples = site->samples;
	ret->alloc_bytes = bytes_of(site->alloc_bytes);
	ret->alloc_objects = objects_of(site->alloc_objects);
	ret->alloc_var = variance_of(kernel, site->alloc_var);
	if (!inuse)
		return;
	ret->inuse_bytes += bytes_of(difference(site->alloc_bytes, site->freed_bytes));
	ret->inuse_objects += objects_of(difference(site->alloc_objects, site->freed_objects));
	ret->inuse_var += variance_of(kernel, difference(site->alloc_var, site->freed_var));
}

bool snapshot_is_old(const struct kernel *kernel, const struct ht_live *entry, uint64_t until_ns,
		     uint64_t min_age_ns)
{
	uint64_t start_ns = kernel_start_ns(kernel);

	return until_ns >= start_ns + min_age_ns &&
	       entry->time_ms <= (until_ns - start_ns - min_age_ns) / 1000000;
}

void snapshot_add_age(const struct kernel *kernel, uint32_t time_ms, uint64_t until_ns,
		      struct site_ages *ages)
{
	uint64_t end_ms = (until_ns - kernel_start_ns(kernel)) / 1000000;
	uint64_t age_ms = end_ms > time_ms ? end_ms - time_ms : 0;

	if (!ages->known)
		*ages = (struct site_ages){true, age_ms, age_ms};
	ages->youngest_ms = MIN(ages->youngest_ms, age_ms);
	ages->oldest_ms = MAX(ages->oldest_ms, age_ms);
}

static void add_inuse(const struct kernel *kernel, const struct ht_live *entry,
		      struct site_totals *totals)
{
	struct ht_contribution c;

	ht_contribution(entry->size, entry->weight, kernel_base_rate(kernel), &c);
	totals->inuse_bytes += bytes_of(c.bytes);
	totals->inuse_objects += objects_of(c.objects);
	totals->inuse_var += variance_of(kernel, c.var);
}

void snapshot_add_held(const struct kernel *kernel, const struct ht_live *entry, uint64_t until_ns,
		       uint64_t min_age_ns, struct site_totals *totals)
{
	if (!snapshot_is_old(kernel, entry, until_ns, min_age_ns))
		return;
	if (min_age_ns)
		add_inuse(kernel, entry, totals);
	snapshot_add_age(kernel, entry->time_ms, until_ns, &totals->ages);
}

struct aging {
	const struct kernel *kernel;
	struct snapshot *snapshot;
	const struct snapshot_images *images;
	uint64_t now_ns, min_age_ns;
};

static int add_held(const struct ht_live_key *key, const struct ht_live *entry, void *arg)
{
	const struct aging *aging = arg;
	uint64_t until;

	if (entry->site >= aging->snapshot->nr_sites)
		return 0;
	until = aging->images->until_ns(aging->images->arg, key->tgid, key->epoch);
	if (until > aging->now_ns)
		until = aging->now_ns;
	snapshot_add_held(aging->kernel, entry, until, aging->min_age_ns,
			  &aging->snapshot->sites[entry->site]);
	return 0;
}

/* A stack that found no room in the ring buffer is sent with the site's next sample; a site that
 * had no further one goes without. What is sent and not yet taken in is not lost. */
static uint64_t count_lost_stacks(const struct ht_site *sites, uint32_t nr_sites)
{
	uint64_t nr_lost = 0;

	for (uint32_t i = 1; i < nr_sites; i++)
		nr_lost += sites[i].samples && !sites[i].sent;
	return nr_lost;
}

int snapshot_take(const struct kernel *kernel, const struct stacks *stacks,
		  const struct snapshot_images *images, bool aged, uint64_t min_age_ns,
		  uint64_t now_ns, struct snapshot *ret)
{
	const struct ht_site *sites = kernel_sites(kernel, &ret->nr_sites);
	struct aging aging = {kernel, ret, images, now_ns, min_age_ns};
	int err;

	ret->folded = (struct snapshot_folded){0};
	ret->mmaps = (struct snapshot_mmaps){0};
	ret->pages = (struct snapshot_pages){0};
	ret->watched_ns = now_ns - kernel_start_ns(kernel);
	ret->sites = calloc(ret->nr_sites, sizeof(*ret->sites));
	if (!ret->sites)
		return -ENOMEM;
	for (uint32_t i = 0; i < ret->nr_sites; i++) {
		const struct ht_site_key *key = &sites[i].key;
		bool current = !i || images->until_ns(images->arg, key->tgid, key->epoch);

		snapshot_read_site(kernel, &sites[i], !min_age_ns && current, &ret->sites[i]);
		ret->sites[i].stack = i ? stacks_at(stacks, i) : NULL;
	}
	err = kernel_stats(kernel, &ret->stats);
	/* Calls the allocator made to itself were counted before they were known as such. */
	ret->stats.count[HT_COUNT_allocs] -= ret->stats.count[HT_COUNT_nested];
	ret->stats.loss[HT_LOSS_stack_lost] = count_lost_stacks(sites, ret->nr_sites);
	if (!err && aged)
		err = live_map_each(kernel_live_fd(kernel), add_held, &aging);
	if (err)
		snapshot_done(ret);
	return err;
}

void snapshot_add_folded(struct snapshot *snapshot, const struct snapshot_folded *folded)
{
	snapshot->folded = *folded;
	snapshot->stats.loss[HT_LOSS_stack_lost] += folded->nr_lost;
}

void snapshot_done(struct snapshot *snapshot)
{
	free(snapshot->sites);
	memset(snapshot, 0, sizeof(*snapshot));
}

void snapshot_add(const struct site_totals *site, struct site_totals *sum)
{
	sum->alloc_bytes += site->alloc_bytes;
	sum->alloc_objects += site->alloc_objects;
	sum->inuse_bytes += site->inuse_bytes;
	sum->inuse_objects += site->inuse_objects;
	sum->alloc_var += site->alloc_var;
	sum->inuse_var += site->inuse_var;
	sum->samples += site->samples;
}

void snapshot_total(const struct snapshot *snapshot, struct site_totals *ret)
{
	*ret = snapshot->folded.total;
	for (uint32_t i = 0; i < snapshot->nr_sites; i++)
		snapshot_add(&snapshot->sites[i], ret);
}
