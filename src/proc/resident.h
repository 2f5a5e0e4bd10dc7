/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is resident in a process, page by page, as /proc/PID/pagemap has it: by the ioctl that scans
 * it (Linux 6.7), before that by reading it and /proc/kpageflags, which is root's alone.
 */
#ifndef HEAPTAP_PROC_RESIDENT_H
#define HEAPTAP_PROC_RESIDENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define RESIDENT_PAGE	      4096UL
#define RESIDENT_REGION	      (2UL << 20) /* what a huge page maps at once */
#define RESIDENT_REGION_PAGES (RESIDENT_REGION / RESIDENT_PAGE)

/* Of one page. */
enum resident_flag {
	RESIDENT_THERE = 1, /* in memory or swapped out */
	RESIDENT_FILE = 2,  /* of a file, or shared */
	RESIDENT_HUGE = 4,  /* part of a huge page that is mapped as one */
	RESIDENT_ZERO = 8,  /* only read so far: takes no memory */
};

struct resident {
	int pagemap, kpageflags; /* -1: not open */
	bool reads;		 /* the kernel cannot scan */
};

/* Of the image that @pid runs now; it stays that image's. 0 or -errno. */
int resident_open(struct resident *resident, pid_t pid);
void resident_close(struct resident *resident);

/* One region: flags[i] is about the i-th page behind base, a multiple of RESIDENT_REGION. */
struct resident_region {
	uint64_t base;
	uint8_t flags[RESIDENT_REGION_PAGES];
};

/* Fills @region, of which base is given, for pages [first, end); 0 for the others. -ESRCH: the
 * image is gone. */
int resident_read(struct resident *resident, unsigned int first, unsigned int end,
		  struct resident_region *region);

/* Are huge pages told from others, and pages that were only read? Looks at a page to find out. */
bool resident_tells_sizes(struct resident *resident);

/* Does the system make pages of other sizes than the two (Linux 6.8, hugepages-*kB/enabled)? They
 * are mapped as small ones, so their faults look like those of a small page. */
bool resident_has_middle_sizes(void);

#endif
