/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page lens of a session: which sites were the first to touch memory that is resident. Its
 * books are here and not in the kernel, of the samples of all images; its sites are rows of the
 * same table as those of allocations. It may run beside the source malloc, and begin later.
 */
#ifndef HEAPTAP_COLLECT_PAGES_H
#define HEAPTAP_COLLECT_PAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/page_events.h"
#include "collect/snapshot.h"
#include "collect/stacks.h"
#include "heaptap/pages.h"

struct pages;

#define PAGE_RATE_AUTO 0

/* The period in faults for @rate, mean bytes between two samples. */
uint64_t pages_period(uint64_t rate);

struct pages *pages_new(void);
void pages_free(struct pages *pages);

/* Begins with the samples, one for @rate bytes of faults, with PAGE_RATE_AUTO as pages_adjust()
 * finds. 0 or -errno with @diag. */
int pages_attach(struct pages *pages, struct kernel *kernel, uint64_t rate, struct diag *diag);
void pages_detach(struct pages *pages);

/* Before samples are read: chooses anew how many there are to be. 0 or -errno with @diag. */
int pages_adjust(struct pages *pages, struct kernel *kernel, struct diag *diag);

/* Takes in a sample. 0 or -ENOMEM. */
int pages_take(struct pages *pages, const struct ht_page_event *event);

/* Settles what came since the last call, and now and then (always with @all) looks at every page
 * whether it is still there. 0 or -errno. */
int pages_check(struct pages *pages, const struct kernel *kernel, bool all);

/* The same when no more samples come, after the last faults are done. */
int pages_finish(struct pages *pages, const struct kernel *kernel);

/* Sums up for pages_add_site() what is resident, since @min_age_ns at least; arguments as of
 * snapshot_take(). */
void pages_sum(struct pages *pages, const struct kernel *kernel,
	       const struct snapshot_images *images, uint64_t min_age_ns, uint64_t now_ns);

/* Begins @ret, which pages_add_site() adds to. */
void pages_begin_sums(struct pages *pages, struct snapshot_pages *ret);

/* Adds what is known of @site to @totals (whose stack is set) and @sums. A site that only told of
 * page faults has samples when some of them count. */
void pages_add_site(struct pages *pages, uint32_t site, struct site_totals *totals,
		    struct snapshot_pages *sums);

/* The row of @site may be another's. */
void pages_forget_site(struct pages *pages, uint32_t site);

/* Images that are @gone are forgotten; their sites were. */
void pages_forget_images(struct pages *pages,
			 bool (*gone)(const void *arg, uint32_t tgid, uint32_t epoch),
			 const void *arg);

/* Is a site with this stack of the page lens? */
bool pages_have(const struct stack *stack);

#endif
