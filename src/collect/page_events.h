/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The software events of the page lens: one per CPU, for all processes, since an event per thread
 * is in the way of every switch between threads. A CPU that comes online later has none.
 */
#ifndef HEAPTAP_COLLECT_PAGE_EVENTS_H
#define HEAPTAP_COLLECT_PAGE_EVENTS_H

#include <stdint.h>

#include "util/diag.h"

/* Samples per second and CPU that PAGE_RATE_AUTO aims at: below so many faults all are samples. */
#define PAGE_FREQUENCY 1000

#define PAGE_RATE_AUTO 0

struct page_events {
	int nr;
	int *fds;
};

/* The period in faults for @rate, mean bytes between two samples: an odd one, which a program that
 * touches two places in turn cannot be in step with. */
uint64_t page_events_period(uint64_t rate);

/* Runs @program at the samples of every CPU. 0, or -errno with @diag; nothing is left open then. */
int page_events_open(struct page_events *events, int program, uint64_t rate, struct diag *diag);
void page_events_close(struct page_events *events);

#endif
