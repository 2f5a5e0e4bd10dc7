/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The books of a recording at one moment: the totals of every site, scaled to what they estimate.
 */
#ifndef HEAPTAP_COLLECT_SNAPSHOT_H
#define HEAPTAP_COLLECT_SNAPSHOT_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/kernel.h"
#include "collect/stacks.h"
#include "heaptap/wire.h"

/* How old what a site holds is, at the end of the recording or of its process. */
struct site_ages {
	bool known;
	uint64_t youngest_ms, oldest_ms;
};

struct site_totals {
	double alloc_bytes, alloc_objects, inuse_bytes, inuse_objects;
	double alloc_var, inuse_var; /* variance of the bytes, bytes squared; 0 when exact */
	uint64_t samples;
	struct site_ages ages;
	const struct stack *stack; /* NULL: it never arrived, or the site map was full */
};

/* Of the source js: what its samples stand for. */
struct snapshot_js {
	double sample_bytes; /* on average */
	double error;	     /* one standard error of all their bytes */
	bool measured;	     /* in this run, else in others */
};

/* What is in the books no more: sites of images that are gone. */
struct snapshot_folded {
	struct site_totals total; /* without a stack */
	uint64_t nr_lost;	  /* stacks that never arrived */
};

/* Memory that was mapped beside allocators, which is among the sites, and by them, which is not. */
struct snapshot_mmaps {
	bool on;
	uint64_t calls, bytes; /* that added memory; what is left of it */
	uint64_t allocator_calls, allocator_bytes;
};

/* Of the page lens, whose sites are among the others. */
struct snapshot_pages {
	bool on;
	bool sizes_unknown;	  /* huge pages, and such as were only read, count as one page */
	uint64_t samples;	  /* that are in the sites */
	uint64_t huge;		  /* faults that made a huge page */
	uint64_t files;		  /* that mapped a page of a file: in no site */
	uint64_t read_only;	  /* that read what nobody had written: never resident */
	double touched, resident; /* bytes */
};

struct snapshot {
	struct snapshot_folded folded; /* beside the sites */
	uint32_t nr_sites;
	struct site_totals *sites; /* sites[0]: what found no place in the site map */
	struct ht_stats stats;
	uint64_t nr_complete; /* samples with a complete stack, also by way of a raw copy */
	uint64_t watched_ns;  /* since the recording began */
	struct snapshot_js js;
	struct snapshot_mmaps mmaps;
	struct snapshot_pages pages;
};

/* Until when a process image held what it allocated (CLOCK_MONOTONIC): to its end, UINT64_MAX when
 * it still runs. 0: exec has taken all. */
struct snapshot_images {
	uint64_t (*until_ns)(const void *arg, uint32_t tgid, uint32_t epoch);
	const void *arg;
};

/* Was @entry at least @min_age_ns old at @until_ns? */
bool snapshot_is_old(const struct kernel *kernel, const struct ht_live *entry, uint64_t until_ns,
		     uint64_t min_age_ns);

/* Sets all but the stack; inuse, to which it is added, only with @inuse. */
void snapshot_read_site(const struct kernel *kernel, const struct ht_site *site, bool inuse,
			struct site_totals *ret);

/* Adds the figures of @site to @sum. */
void snapshot_add(const struct site_totals *site, struct site_totals *sum);

/* Adds the age of what began at @time_ms, as struct ht_live has it, and was held until @until_ns.
 */
void snapshot_add_age(const struct kernel *kernel, uint32_t time_ms, uint64_t until_ns,
		      struct site_ages *ages);

/* Adds the age of @entry, held until @until_ns, to @totals; with @min_age_ns only when it was that
 * old, and then what it contributes to what is in use too. */
void snapshot_add_held(const struct kernel *kernel, const struct ht_live *entry, uint64_t until_ns,
		       uint64_t min_age_ns, struct site_totals *totals);

/*
 * Sites of an image that is not current hold nothing any more. With @aged every outstanding
 * allocation is looked at, some 0.2 us each: ages are known, and with @min_age_ns inuse is the sum
 * over those that are at least so old, or were when their process ended. @now_ns is
 * CLOCK_MONOTONIC. 0 or -errno.
 */
int snapshot_take(const struct kernel *kernel, const struct stacks *stacks,
		  const struct snapshot_images *images, bool aged, uint64_t min_age_ns,
		  uint64_t now_ns, struct snapshot *ret);
/* Adds what is not in the books any more. */
void snapshot_add_folded(struct snapshot *snapshot, const struct snapshot_folded *folded);
void snapshot_done(struct snapshot *snapshot);

/* Sums over all sites, and those that are folded. */
void snapshot_total(const struct snapshot *snapshot, struct site_totals *ret);

#endif
