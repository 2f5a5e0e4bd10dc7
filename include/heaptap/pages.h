/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Page faults of watched processes that were samples: the records of a ring buffer of their own.
 * What became of a page (its size, whether it is still there) user space reads in the pagemap.
 */
#ifndef HEAPTAP_PAGES_H
#define HEAPTAP_PAGES_H

#include "heaptap/mappings.h"

struct ht_page_event {
	__u32 tgid, epoch;
	__u32 site;   /* 0: no room for it */
	__u32 period; /* faults that this one stands for */
	__u64 address;
	__u32 time_ms;
	__u32 spare;
};
HT_ASSERT(sizeof(struct ht_page_event) == 32);

/* Bytes in the ring at which the reader is woken; half of the smallest ring. */
#define HT_PAGES_WAKE (32 << 10)

/* What a site's stack ends in: an instruction of the program, or a system call whose work the
 * kernel did on memory of the program. */
#define HT_PROBE_PAGE	     (HT_MAX_PROBES + 3)
#define HT_PROBE_PAGE_KERNEL (HT_MAX_PROBES + 4)
HT_ASSERT(HT_PROBE_PAGE > HT_PROBE_BRK);

#endif
