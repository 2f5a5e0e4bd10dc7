/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of process images that are gone, by exec or by their end. Their entries leave the
 * live map and their sites the books, which are for those that run: each site is handed once to
 * whoever keeps the profile, its sum is kept here, and its row may be another's.
 */
#ifndef HEAPTAP_COLLECT_ENDED_H
#define HEAPTAP_COLLECT_ENDED_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/kernel.h"
#include "collect/mmaps.h"
#include "collect/pages.h"
#include "collect/snapshot.h"
#include "collect/stacks.h"
#include "collect/watch_list.h"

struct sweep;

struct ended_options {
	uint64_t min_age_ns; /* inuse is what was so old at its end */
	/* Takes a site; its stack is gone afterwards. 0 or -errno. */
	int (*fold)(void *arg, const struct site_totals *site);
	void *arg;
};

struct ended {
	struct ended_options options;
	struct mmaps *mmaps; /* the session's; NULL: none */
	struct pages *pages; /* likewise */
	const struct attachments *attachments;
	struct sweep *sweep;	    /* that is under way */
	uint64_t nr_swept;	    /* images that were gone at the last sweep */
	uint64_t next_ns;	    /* no sweep before, CLOCK_MONOTONIC */
	struct snapshot_folded sum; /* of what was handed on */
	struct snapshot_mmaps mapped;
	struct snapshot_pages paged;
};

/* See struct snapshot_images. */
uint64_t ended_until_ns(const struct watch_list *list, uint32_t tgid, uint32_t epoch);

/* Clears away the images that are gone, when there are new ones and not too often, and then the
 * processes of @list that ended: for a short while, and goes on when it is called again. 0 or
 * -errno. */
int ended_sweep(struct ended *ended, struct kernel *kernel, struct stacks *stacks,
		struct watch_list *list);

/* Is there more to be handed on? ended_finish() does it all, before anything is summed up. */
bool ended_is_busy(const struct ended *ended);
int ended_finish(struct ended *ended);
void ended_done(struct ended *ended);

#endif
