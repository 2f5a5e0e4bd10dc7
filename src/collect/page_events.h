/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The software events of the page lens: one per CPU, for all processes, since an event per thread
 * is in the way of every switch between threads. A CPU that comes online later has none.
 */
#ifndef HEAPTAP_COLLECT_PAGE_EVENTS_H
#define HEAPTAP_COLLECT_PAGE_EVENTS_H

#include <stdint.h>

#include "util/diag.h"

struct page_events {
	int nr;
	int *fds;
};

/* Runs @program at each @period-th page fault of every CPU. 0, or -errno with @diag; nothing is
 * left open then. */
int page_events_open(struct page_events *events, int program, uint64_t period, struct diag *diag);
/* Opens them with a program that does nothing, and closes them. *ret_nr: on so many CPUs. */
int page_events_try(int *ret_nr, struct diag *diag);
void page_events_close(struct page_events *events);

#endif
