// SPDX-License-Identifier: Apache-2.0
/* A table of books by image, and an array by site. */
#include "collect/mmaps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define uthash_nonfatal_oom(image) ((image)->lost = true)
#define HASH_NONFATAL_OOM	   1
#include <uthash.h>

#include "collect/allocator_code.h"
#include "collect/mapped_book.h"

struct image_key {
	uint32_t tgid, epoch;
};

struct image {
	struct image_key key;
	struct mapped_book book;
	bool lost; /* found no room */
	UT_hash_handle hh;
};

enum whose { WHOSE_UNKNOWN, WHOSE_PROGRAM, WHOSE_ALLOCATOR };

struct mmap_site {
	uint64_t alloc_bytes, alloc_objects;
	uint64_t live_bytes, live_objects; /* as of mmaps_sum() */
	struct site_ages ages;		   /* as well */
	enum whose whose;
};

struct mmaps {
	struct image *images;
	struct image *last; /* that was looked up */
	uint32_t nr_sites;
	struct mmap_site *sites;
	struct allocator_code code;
	uint64_t nr_unknown; /* of images that are forgotten */
};

struct mmaps *mmaps_new(void)
{
	return calloc(1, sizeof(struct mmaps));
}

static void image_free(struct mmaps *mmaps, struct image *image)
{
	mmaps->nr_unknown += image->book.nr_unknown;
	HASH_DEL(mmaps->images, image);
	mapped_book_done(&image->book);
	free(image);
	mmaps->last = NULL;
}

void mmaps_free(struct mmaps *mmaps)
{
	struct image *image, *next;

	if (!mmaps)
		return;
	HASH_ITER (hh, mmaps->images, image, next)
		image_free(mmaps, image);
	allocator_code_done(&mmaps->code);
	free(mmaps->sites);
	free(mmaps);
}

/* NULL when out of memory. */
static struct image *image_of(struct mmaps *mmaps, const struct ht_mapping_event *event)
{
	const struct image_key key = {event->tgid, event->epoch};
	struct image *image = mmaps->last;

	if (image && !memcmp(&image->key, &key, sizeof(key)))
		return image;
	HASH_FIND(hh, mmaps->images, &key, sizeof(key), image);
	if (!image) {
		image = calloc(1, sizeof(*image));
		if (!image)
			return NULL;
		image->key = key;
		HASH_ADD(hh, mmaps->images, key, sizeof(image->key), image);
		if (image->lost) {
			free(image);
			return NULL;
		}
	}
	mmaps->last = image;
	return image;
}

/* Room for the row of @site. 0 or -ENOMEM. */
static int reserve(struct mmaps *mmaps, uint32_t site)
{
	uint32_t nr = mmaps->nr_sites ? mmaps->nr_sites : 256;
	struct mmap_site *sites;

	if (site < mmaps->nr_sites)
		return 0;
	while (nr <= site)
		nr *= 2;
	sites = reallocarray(mmaps->sites, nr, sizeof(*sites));
	if (!sites)
		return -ENOMEM;
	memset(sites + mmaps->nr_sites, 0, (nr - mmaps->nr_sites) * sizeof(*sites));
	mmaps->sites = sites;
	mmaps->nr_sites = nr;
	return 0;
}

static void counted(void *arg, uint32_t site, uint64_t bytes, bool first)
{
	struct mmaps *mmaps = arg;

	mmaps->sites[site].alloc_bytes += bytes;
	mmaps->sites[site].alloc_objects += first;
}

int mmaps_take(struct mmaps *mmaps, const struct ht_mapping_event *event)
{
	struct image *image = image_of(mmaps, event);

	if (!image || reserve(mmaps, event->site))
		return -ENOMEM;
	return mapped_book_take(&image->book, event, counted, mmaps);
}

uint64_t mmaps_nr_unknown(const struct mmaps *mmaps)
{
	const struct image *image, *next;
	uint64_t nr = mmaps->nr_unknown;

	HASH_ITER (hh, mmaps->images, image, next)
		nr += image->book.nr_unknown;
	return nr;
}

static void sum_image(struct mmaps *mmaps, const struct kernel *kernel, const struct image *image,
		      uint64_t until_ns, uint64_t min_age_ns)
{
	const struct extents *extents = &image->book.extents;

	for (uint32_t i = 0; i < extents->nr_takes; i++) {
		const struct extent_take *take = &extents->takes[i];
		const struct ht_live entry = {.time_ms = take->time_ms};
		struct mmap_site *site;

		if (!take->bytes || !snapshot_is_old(kernel, &entry, until_ns, min_age_ns))
			continue;
		site = &mmaps->sites[take->site];
		site->live_bytes += take->bytes;
		site->live_objects++;
		snapshot_add_age(kernel, take->time_ms, until_ns, &site->ages);
	}
}

void mmaps_sum(struct mmaps *mmaps, const struct kernel *kernel,
	       const struct snapshot_images *images, uint64_t min_age_ns, uint64_t now_ns)
{
	const struct image *image, *next;

	for (uint32_t i = 0; i < mmaps->nr_sites; i++) {
		mmaps->sites[i].live_bytes = mmaps->sites[i].live_objects = 0;
		mmaps->sites[i].ages = (struct site_ages){0};
	}
	HASH_ITER (hh, mmaps->images, image, next) {
		uint64_t until_ns =
			images->until_ns(images->arg, image->key.tgid, image->key.epoch);

		if (until_ns)
			sum_image(mmaps, kernel, image, until_ns < now_ns ? until_ns : now_ns,
				  min_age_ns);
	}
}

/* A stack that is not there yet may come; what has none is the program's. */
static enum whose whose(struct mmaps *mmaps, const struct mmaps_context *context,
			const struct stack *stack)
{
	const struct watched *watched;

	if (!stack)
		return WHOSE_UNKNOWN;
	watched = watch_list_at(context->processes, stack->tgid, stack->epoch);
	return allocator_code_has(&mmaps->code, context->attachments, &watched->choice,
				  watched->target.space, stack)
		       ? WHOSE_ALLOCATOR
		       : WHOSE_PROGRAM;
}

void mmaps_add_site(struct mmaps *mmaps, const struct mmaps_context *context, uint32_t site,
		    struct site_totals *totals, struct snapshot_mmaps *sums)
{
	const struct stack *stack = site ? stacks_at(context->stacks, site) : NULL;
	struct mmap_site *row = site < mmaps->nr_sites ? &mmaps->sites[site] : NULL;

	if (site && ((stack && stack->probe >= HT_PROBE_MMAP && stack->probe <= HT_PROBE_BRK) ||
		     (row && row->alloc_objects)))
		totals->samples = 0;
	if (!row || !row->alloc_objects)
		return;
	if (row->whose == WHOSE_UNKNOWN)
		row->whose = whose(mmaps, context, stack);
	if (row->whose == WHOSE_ALLOCATOR) {
		sums->allocator_calls += row->alloc_objects;
		sums->allocator_bytes += row->live_bytes;
		return;
	}
	totals->samples += row->alloc_objects;
	totals->alloc_bytes += row->alloc_bytes;
	totals->alloc_objects += row->alloc_objects;
	totals->inuse_bytes += row->live_bytes;
	totals->inuse_objects += row->live_objects;
	totals->ages = row->ages;
	sums->calls += row->alloc_objects;
	sums->bytes += row->live_bytes;
}

void mmaps_forget_site(struct mmaps *mmaps, uint32_t site)
{
	if (site < mmaps->nr_sites)
		mmaps->sites[site] = (struct mmap_site){0};
}

void mmaps_forget_images(struct mmaps *mmaps,
			 bool (*gone)(const void *arg, uint32_t tgid, uint32_t epoch),
			 const void *arg)
{
	struct image *image, *next;

	HASH_ITER (hh, mmaps->images, image, next)
		if (gone(arg, image->key.tgid, image->key.epoch))
			image_free(mmaps, image);
}
