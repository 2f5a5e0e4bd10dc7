// SPDX-License-Identifier: Apache-2.0
/* An array of books by image, and one of sums by site. */
#include "collect/pages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collect/cost.h"
#include "collect/kernel.h"
#include "collect/page_book.h"
#include "collect/page_rate.h"
#include "util/clock.h"

#define LOOK_REST 50 /* times as long as the last look at all pages took */

struct page_image {
	uint32_t tgid, epoch;
	struct page_book book;
};

struct page_site {
	double alloc_bytes, alloc_objects, alloc_var;
	double live_bytes, live_objects, live_var; /* as of pages_sum() */
	struct site_ages ages;			   /* as well */
	uint64_t samples;
};

struct pages {
	struct page_events events;
	struct page_rate rate;
	uint64_t period;	  /* of the events */
	bool adjusts;		  /* the period follows the cost */
	uint32_t nr_images, last; /* last: that was looked up */
	struct page_image *images;
	uint32_t nr_sites;
	struct page_site *sites;
	uint64_t look_ns; /* no look at all pages before, CLOCK_MONOTONIC */
	bool on;
	struct snapshot_pages past; /* of images that are forgotten */
};

struct pages *pages_new(void)
{
	return calloc(1, sizeof(struct pages));
}

void pages_free(struct pages *pages)
{
	if (!pages)
		return;
	page_events_close(&pages->events);
	for (uint32_t i = 0; i < pages->nr_images; i++)
		page_book_done(&pages->images[i].book);
	free(pages->images);
	free(pages->sites);
	free(pages);
}

uint64_t pages_period(uint64_t rate)
{
	uint64_t period = rate / RESIDENT_PAGE;

	return period ? period | 1 : 1;
}

static int open_events(struct pages *pages, const struct kernel *kernel, struct diag *diag)
{
	struct page_events old = pages->events;
	int err = page_events_open(&pages->events, kernel_page_program_fd(kernel), pages->period,
				   diag);

	/* the first event and the last have the kernel patch itself */
	page_events_close(&old);
	return err;
}

int pages_attach(struct pages *pages, struct kernel *kernel, uint64_t rate, struct diag *diag)
{
	pages->adjusts = rate == PAGE_RATE_AUTO;
	pages->period = pages->adjusts ? 1 : pages_period(rate);
	page_rate_init(&pages->rate, clock_now_ns());
	pages->on = true;
	return open_events(pages, kernel, diag);
}

/* The events are opened anew: one whose period is changed has its next sample at once, which would
 * stand for what was not there. */
int pages_adjust(struct pages *pages, struct kernel *kernel, struct diag *diag)
{
	struct ht_stats stats;
	uint64_t period;
	int err;

	kernel_page_events_rearm(kernel);
	if (!pages->adjusts || !pages->events.nr)
		return 0;
	err = kernel_stats(kernel, &stats);
	if (err)
		return diag_fail(diag, err, "cannot read the counters: %s", strerror(-err));
	period = page_rate_decide(&pages->rate, cost_of_fault_samples(&stats), clock_now_ns());
	if (period == pages->period)
		return 0;
	pages->period = period;
	return open_events(pages, kernel, diag);
}

void pages_detach(struct pages *pages)
{
	page_events_close(&pages->events);
}

bool pages_have(const struct stack *stack)
{
	return stack->probe == HT_PROBE_PAGE || stack->probe == HT_PROBE_PAGE_KERNEL;
}

/* NULL when out of memory. */
static struct page_book *book_of(struct pages *pages, uint32_t tgid, uint32_t epoch)
{
	struct page_image *images = pages->images;

	for (uint32_t i = 0; i < pages->nr_images; i++) {
		uint32_t at = (pages->last + i) % pages->nr_images;

		if (images[at].tgid != tgid || images[at].epoch != epoch)
			continue;
		pages->last = at;
		return &images[at].book;
	}
	images = reallocarray(images, pages->nr_images + 1, sizeof(*images));
	if (!images)
		return NULL;
	pages->images = images;
	pages->last = pages->nr_images++;
	images[pages->last] = (struct page_image){.tgid = tgid, .epoch = epoch};
	return &images[pages->last].book;
}

/* Room for the row of @site. 0 or -ENOMEM. */
static int reserve(struct pages *pages, uint32_t site)
{
	uint32_t nr = pages->nr_sites ?: 256;
	struct page_site *sites;

	if (site < pages->nr_sites)
		return 0;
	while (nr <= site)
		nr *= 2;
	sites = reallocarray(pages->sites, nr, sizeof(*sites));
	if (!sites)
		return -ENOMEM;
	memset(sites + pages->nr_sites, 0, (nr - pages->nr_sites) * sizeof(*sites));
	pages->sites = sites;
	pages->nr_sites = nr;
	return 0;
}

int pages_take(struct pages *pages, const struct ht_page_event *event)
{
	struct page_book *book = book_of(pages, event->tgid, event->epoch);

	if (!book || reserve(pages, event->site))
		return -ENOMEM;
	return page_book_add(book, event);
}

/* What a sample with this period adds to the variance of an estimate: the others it stands for were
 * as likely. */
static double variance(const struct page *page, double bytes)
{
	return bytes * bytes * page->period * (page->period - 1.0);
}

static void touched(void *arg, const struct page *page, uint32_t bytes)
{
	struct pages *pages = arg;
	struct page_site *site = &pages->sites[page->site];

	site->samples++;
	site->alloc_bytes += (double)bytes * page->period;
	site->alloc_objects += page->period;
	site->alloc_var += variance(page, bytes);
}

int pages_check(struct pages *pages, const struct kernel *kernel, bool all)
{
	uint64_t begin = clock_now_ns();
	uint32_t now_ms = (begin - kernel_start_ns(kernel)) / 1000000;
	int err = 0;

	all |= begin >= pages->look_ns;
	for (uint32_t i = 0; i < pages->nr_images && !err; i++)
		err = page_book_check(&pages->images[i].book, pages->images[i].tgid, all, now_ms,
				      touched, pages);
	if (all)
		pages->look_ns = clock_now_ns() + LOOK_REST * (clock_now_ns() - begin);
	return err;
}

int pages_finish(struct pages *pages, const struct kernel *kernel)
{
	const struct timespec rest = {.tv_nsec = (PAGE_BOOK_YOUNG_MS + 1) * 1000000L};

	nanosleep(&rest, NULL);
	return pages_check(pages, kernel, true);
}

static void sum_image(struct pages *pages, const struct kernel *kernel,
		      const struct page_book *book, uint64_t until_ns, uint64_t min_age_ns)
{
	for (size_t i = 0; i < book->nr; i++) {
		const struct page *page = &book->pages[i];
		const struct ht_live entry = {.time_ms = page->time_ms};
		struct page_site *site = &pages->sites[page->site];

		if (!page->bytes ||
		    (min_age_ns && !snapshot_is_old(kernel, &entry, until_ns, min_age_ns)))
			continue;
		site->live_bytes += (double)page->bytes * page->period;
		site->live_objects += page->period;
		site->live_var += variance(page, page->bytes);
		snapshot_add_age(kernel, page->time_ms, until_ns, &site->ages);
	}
}

void pages_sum(struct pages *pages, const struct kernel *kernel,
	       const struct snapshot_images *images, uint64_t min_age_ns, uint64_t now_ns)
{
	for (uint32_t i = 0; i < pages->nr_sites; i++) {
		struct page_site *site = &pages->sites[i];

		site->live_bytes = site->live_objects = site->live_var = 0;
		site->ages = (struct site_ages){0};
	}
	for (uint32_t i = 0; i < pages->nr_images; i++) {
		const struct page_image *image = &pages->images[i];
		uint64_t until_ns = images->until_ns(images->arg, image->tgid, image->epoch);

		if (until_ns)
			sum_image(pages, kernel, &image->book,
				  until_ns < now_ns ? until_ns : now_ns, min_age_ns);
	}
}

static void add_counts(struct page_book *book, struct snapshot_pages *sums)
{
	sums->huge += book->nr_huge;
	sums->files += book->nr_files;
	sums->read_only += book->nr_zero;
	sums->sizes_unknown |=
		book->opened && !book->gone && !resident_tells_sizes(&book->resident);
}

void pages_begin_sums(struct pages *pages, struct snapshot_pages *ret)
{
	*ret = pages->past;
	ret->on = pages->on;
	for (uint32_t i = 0; i < pages->nr_images; i++)
		add_counts(&pages->images[i].book, ret);
}

void pages_add_site(struct pages *pages, uint32_t site, struct site_totals *totals,
		    struct snapshot_pages *sums)
{
	const struct page_site *row = site < pages->nr_sites ? &pages->sites[site] : NULL;

	if ((totals->stack && pages_have(totals->stack)) || (row && row->samples))
		totals->samples = 0;
	if (!row || !row->samples)
		return;
	totals->samples += row->samples;
	totals->alloc_bytes += row->alloc_bytes;
	totals->alloc_objects += row->alloc_objects;
	totals->alloc_var += row->alloc_var;
	totals->inuse_bytes += row->live_bytes;
	totals->inuse_objects += row->live_objects;
	totals->inuse_var += row->live_var;
	totals->ages = row->ages;
	sums->touched += row->alloc_bytes;
	sums->resident += row->live_bytes;
	sums->samples += row->samples;
}

void pages_forget_site(struct pages *pages, uint32_t site)
{
	if (site < pages->nr_sites)
		pages->sites[site] = (struct page_site){0};
}

void pages_forget_images(struct pages *pages,
			 bool (*gone)(const void *arg, uint32_t tgid, uint32_t epoch),
			 const void *arg)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < pages->nr_images; i++) {
		struct page_image *image = &pages->images[i];

		if (gone(arg, image->tgid, image->epoch)) {
			add_counts(&image->book, &pages->past);
			page_book_done(&image->book);
		} else {
			pages->images[kept++] = *image;
		}
	}
	pages->nr_images = kept;
	pages->last = 0;
}
