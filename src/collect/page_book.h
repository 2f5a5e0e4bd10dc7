/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pages of one process image whose first touch was a sample, as long as they are resident.
 *
 * A page is settled when it is looked at for the first time, at most a poll after its fault: huge
 * then means that the fault made all of it. What becomes huge later was put together by the kernel
 * from what was touched page by page.
 */
#ifndef HEAPTAP_COLLECT_PAGE_BOOK_H
#define HEAPTAP_COLLECT_PAGE_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heaptap/pages.h"
#include "proc/resident.h"

struct page {
	uint64_t address;
	uint32_t site, period, time_ms;
	uint32_t bytes; /* resident that its fault made so, as last seen; 0: only read so far */
	bool settled;
	bool huge; /* by its fault */
};

struct page_book {
	struct resident resident;
	bool opened, gone; /* the image is no more: it held what was resident at the last look */
	size_t nr, nr_settled, max;
	struct page *pages;
	uint64_t nr_huge, nr_files, nr_zero; /* faults settled as such, times their periods */
};

void page_book_done(struct page_book *book);

/* 0 or -ENOMEM. */
int page_book_add(struct page_book *book, const struct ht_page_event *event);

/* The event of a fault comes before the kernel has made the page: one that is not there so soon may
 * be about to come. */
#define PAGE_BOOK_YOUNG_MS 20

/* Looks at the pages that are not settled yet, or with @all at every one; those no longer there are
 * forgotten. @touched is told of each page that is settled as anonymous memory, with the bytes its
 * fault gave. The image is that of @pid; @now_ms as in struct ht_page_event. 0 or -errno; an image
 * that is gone is none. */
int page_book_check(struct page_book *book, pid_t pid, bool all, uint32_t now_ms,
		    void (*touched)(void *arg, const struct page *page, uint32_t bytes), void *arg);

#endif
