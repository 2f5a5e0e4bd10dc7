/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many page faults a sample stands for when heaptap may choose: one, as long as that costs next
 * to nothing, since a huge page that no sample saw is two megabytes unseen; more while there are
 * many. What was not spent in calm times may be in a burst. Arithmetic alone, on what was counted.
 */
#ifndef HEAPTAP_COLLECT_PAGE_RATE_H
#define HEAPTAP_COLLECT_PAGE_RATE_H

#include <stdint.h>

#define PAGE_RATE_SHARE	    0.002	 /* of one CPU that samples may take */
#define PAGE_RATE_CREDIT_NS 10e6	 /* CPU time that is kept for a burst, at most */
#define PAGE_RATE_CALM_NS   200000000ULL /* so often it is decided, or when it is too dear */
#define PAGE_RATE_MAX	    65535

struct page_rate {
	uint64_t period;  /* now */
	double cost_ns;	  /* of all samples at the last decision */
	double credit_ns; /* left of what may be spent at once */
	uint64_t time_ns; /* when that was */
};

/* A sample of each fault from now on. */
void page_rate_init(struct page_rate *rate, uint64_t now_ns);

/* @cost_ns: what all samples so far have taken, on all CPUs. The period from now on, which is odd:
 * a program that touches two places in turn cannot be in step with it. */
uint64_t page_rate_decide(struct page_rate *rate, double cost_ns, uint64_t now_ns);

#endif
