/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory that processes map for themselves, by site: the books of all images, and what their
 * sites sum up to. Sites are rows of the same table as those of allocations.
 *
 * What an allocator maps it hands out again, and that is counted: such sites have no place in the
 * profile, their sums are told apart.
 */
#ifndef HEAPTAP_COLLECT_MMAPS_H
#define HEAPTAP_COLLECT_MMAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/attach.h"
#include "collect/snapshot.h"
#include "collect/stacks.h"
#include "collect/watch_list.h"
#include "heaptap/mappings.h"

struct mmaps;

struct mmaps *mmaps_new(void);
void mmaps_free(struct mmaps *mmaps);

/* Takes in what a process did. 0 or -ENOMEM. */
int mmaps_take(struct mmaps *mmaps, const struct ht_mapping_event *event);

/* Changes that could not be made out. */
uint64_t mmaps_nr_unknown(const struct mmaps *mmaps);

/* What to know to tell whose a site is. */
struct mmaps_context {
	const struct attachments *attachments;
	const struct stacks *stacks;
	const struct watch_list *processes;
};

/* Sums up for mmaps_add_site() what is mapped at @now_ns, since @min_age_ns at least; arguments as
 * of snapshot_take(). */
void mmaps_sum(struct mmaps *mmaps, const struct kernel *kernel,
	       const struct snapshot_images *images, uint64_t min_age_ns, uint64_t now_ns);

/* Adds what is known of @site to @totals, and to @sums whose it is. A site that only told of
 * mappings has samples when some of them count. */
void mmaps_add_site(struct mmaps *mmaps, const struct mmaps_context *context, uint32_t site,
		    struct site_totals *totals, struct snapshot_mmaps *sums);

/* The row of @site may be another's. */
void mmaps_forget_site(struct mmaps *mmaps, uint32_t site);

/* Images that are @gone are forgotten; their sites were. */
void mmaps_forget_images(struct mmaps *mmaps,
			 bool (*gone)(const void *arg, uint32_t tgid, uint32_t epoch),
			 const void *arg);

#endif
