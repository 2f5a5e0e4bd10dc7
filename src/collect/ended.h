/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What processes held when they ended. Their entries leave the live map, which is for those that
 * run; the totals of their sites stay, and what was old enough for --min-age at their end is kept
 * here.
 */
#ifndef HEAPTAP_COLLECT_ENDED_H
#define HEAPTAP_COLLECT_ENDED_H

#include <stdint.h>

#include "collect/kernel.h"
#include "collect/snapshot.h"
#include "collect/watch_list.h"

struct ended {
	uint64_t min_age_ns;
	uint64_t nr_swept;	 /* images that were gone at the last sweep */
	uint64_t next_ns;	 /* no sweep before, CLOCK_MONOTONIC */
	uint32_t nr;		 /* of old; sites beyond have none */
	struct site_totals *old; /* by site: its inuse that was old at its end */
};

/* See struct snapshot_images. */
uint64_t ended_until_ns(const struct watch_list *list, uint32_t tgid, uint32_t epoch);

/* Takes entries of images that are gone out of the live map, when there are new ones and not too
 * often. 0 or -errno. */
int ended_sweep(struct ended *ended, const struct kernel *kernel, const struct watch_list *list);

/* Adds to the inuse of @snapshot, which has a minimal age, what was swept. */
void ended_add(const struct ended *ended, struct snapshot *snapshot);
void ended_done(struct ended *ended);

#endif
