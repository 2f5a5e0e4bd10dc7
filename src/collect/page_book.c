// SPDX-License-Identifier: Apache-2.0
/* Pages are looked at by region: sorted, so that one look at the pagemap serves all in it. */
#include "collect/page_book.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct check {
	struct page_book *book;
	void (*touched)(void *arg, const struct page *page, uint32_t bytes);
	void *arg;
	uint32_t now_ms;
};

void page_book_done(struct page_book *book)
{
	if (book->opened)
		resident_close(&book->resident);
	free(book->pages);
	*book = (struct page_book){0};
}

int page_book_add(struct page_book *book, const struct ht_page_event *event)
{
	if (book->nr == book->max) {
		size_t max = book->max ? 2 * book->max : 64;
		struct page *pages = reallocarray(book->pages, max, sizeof(*pages));

		if (!pages)
			return -ENOMEM;
		book->pages = pages;
		book->max = max;
	}
	book->pages[book->nr++] = (struct page){
		.address = event->address,
		.site = event->site,
		.period = event->period,
		.time_ms = event->time_ms,
	};
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct page *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return (x->time_ms > y->time_ms) - (x->time_ms < y->time_ms);
}

static uint64_t region_of(const struct page *page)
{
	return page->address & ~(RESIDENT_REGION - 1);
}

static unsigned int index_of(const struct page *page)
{
	return (page->address & (RESIDENT_REGION - 1)) / RESIDENT_PAGE;
}

/* Bytes of the program's own memory in the region. */
static uint32_t own_bytes(const struct resident_region *region)
{
	uint32_t nr = 0;

	for (unsigned int i = 0; i < RESIDENT_REGION_PAGES; i++)
		nr += (region->flags[i] & ~RESIDENT_HUGE) == RESIDENT_THERE;
	return nr * RESIDENT_PAGE;
}

/* Of a page that is mapped: how much of what its fault made is resident. */
static uint32_t resident_bytes(const struct page *page, const struct resident_region *region)
{
	uint8_t flags = region->flags[index_of(page)];

	if (flags & RESIDENT_ZERO)
		return 0;
	if (!page->huge)
		return RESIDENT_PAGE;
	return flags & RESIDENT_HUGE ? RESIDENT_REGION : own_bytes(region);
}

/* The first look: what did the fault make of it? False: it is nothing of ours, or gone. */
static bool settle(const struct check *check, struct page *page, uint8_t flags)
{
	struct page_book *book = check->book;

	if (flags & RESIDENT_FILE) {
		book->nr_files += page->period;
		return false;
	}
	page->settled = true;
	page->huge = flags & RESIDENT_HUGE;
	book->nr_huge += page->huge ? page->period : 0;
	book->nr_zero += flags & RESIDENT_ZERO ? page->period : 0;
	check->touched(check->arg, page, page->huge ? RESIDENT_REGION : RESIDENT_PAGE);
	return flags;
}

/* All of a region that the kernel made huge afterwards was put there for those who touched it. When
 * all of them are known the rest is theirs, in equal shares. */
static void share_collapsed(struct page *pages, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (pages[i].huge || pages[i].period > 1)
			return;
	for (size_t i = 0; i < nr; i++)
		pages[i].bytes = RESIDENT_REGION / nr;
}

/* What the latest huge fault found empty had gone before, and of two faults at one page the later
 * made what is there. Returns how many are left. */
static size_t drop_replaced(struct page *pages, size_t nr)
{
	const struct page *huge = NULL;
	uint32_t since_ms = 0;
	size_t kept = 0;

	for (size_t i = 0; i < nr; i++)
		if (pages[i].huge && (!huge || pages[i].time_ms >= huge->time_ms))
			huge = &pages[i];
	if (huge)
		since_ms = huge->time_ms;
	for (size_t i = 0; i < nr; i++) {
		bool again = i + 1 < nr && pages[i + 1].address == pages[i].address;

		if (&pages[i] != huge && (again || pages[i].huge || pages[i].time_ms < since_ms))
			continue;
		pages[kept++] = pages[i];
	}
	return kept;
}

/* Looks again at a page, or for the first time. False: it is not there any more. */
static bool look_at(const struct check *check, struct page *page,
		    const struct resident_region *region)
{
	uint8_t flags = region->flags[index_of(page)];
	bool young = page->time_ms + PAGE_BOOK_YOUNG_MS > check->now_ms;

	if (!page->settled && !flags && young)
		return true;
	if (page->settled ? flags & RESIDENT_FILE : !settle(check, page, flags))
		return false;
	page->bytes = flags || page->huge ? resident_bytes(page, region) : 0;
	return flags || page->bytes;
}

/* Looks at @nr pages of one region and keeps those that are there. Returns how many, or -errno. */
static long check_region(const struct check *check, struct page *pages, size_t nr)
{
	struct resident_region region = {.base = region_of(pages)};
	bool any_huge = false, collapsed = false;
	size_t kept = 0;
	int err;

	for (size_t i = 0; i < nr; i++)
		any_huge |= pages[i].huge;
	err = resident_read(&check->book->resident, any_huge ? 0 : index_of(&pages[0]),
			    any_huge ? RESIDENT_REGION_PAGES : index_of(&pages[nr - 1]) + 1,
			    &region);
	if (err)
		return err;
	for (size_t i = 0; i < nr; i++) {
		struct page page = pages[i];

		if (!look_at(check, &page, &region))
			continue;
		collapsed |= region.flags[index_of(&page)] & RESIDENT_HUGE && !page.huge;
		pages[kept++] = page;
	}
	kept = drop_replaced(pages, kept);
	if (collapsed)
		share_collapsed(pages, kept);
	return (long)kept;
}

/* The pages from @first on, region by region. */
static int check_from(const struct check *check, size_t first)
{
	struct page_book *book = check->book;
	struct page *pages = book->pages;
	size_t at = first, kept = first;

	qsort(pages + first, book->nr - first, sizeof(*pages), compare);
	while (at < book->nr) {
		size_t end = at + 1;
		long nr;

		while (end < book->nr && region_of(&pages[end]) == region_of(&pages[at]))
			end++;
		nr = check_region(check, pages + at, end - at);
		if (nr < 0) {
			memmove(pages + kept, pages + at, (book->nr - at) * sizeof(*pages));
			book->nr -= at - kept;
			return (int)nr;
		}
		memmove(pages + kept, pages + at, nr * sizeof(*pages));
		kept += nr;
		at = end;
	}
	book->nr = book->nr_settled = kept;
	return 0;
}

/* What came after the last look was touched; whether it was there to the end nobody knows, and a
 * program that takes and gives back all the time would seem to hold the whole. */
static void settle_unseen(const struct check *check)
{
	struct page_book *book = check->book;
	size_t kept = 0;

	for (size_t i = 0; i < book->nr; i++) {
		if (book->pages[i].settled)
			book->pages[kept++] = book->pages[i];
		else
			settle(check, &book->pages[i], 0);
	}
	book->nr = book->nr_settled = kept;
	book->gone = true;
}

int page_book_check(struct page_book *book, pid_t pid, bool all, uint32_t now_ms,
		    void (*touched)(void *arg, const struct page *page, uint32_t bytes), void *arg)
{
	const struct check check = {book, touched, arg, now_ms};
	int err = 0;

	if (book->gone || !book->nr)
		return 0;
	if (!book->opened) {
		err = resident_open(&book->resident, pid);
		book->opened = !err;
	}
	if (!err && (all || book->nr_settled < book->nr))
		err = check_from(&check, all ? 0 : book->nr_settled);
	if (err == -ESRCH)
		settle_unseen(&check);
	return err == -ESRCH ? 0 : err;
}
