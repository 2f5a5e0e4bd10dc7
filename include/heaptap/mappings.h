/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What watched processes do to their mappings: the records of a ring buffer of their own, so that
 * what is lost there is told apart. Sizes and addresses are rounded to whole pages, as the kernel
 * does.
 *
 * The order of the records is that in which ranges may pass from one thread to another: what gives
 * a range up is told of before the system call (another thread may get the range before the call
 * returns), what takes one after it (nobody else knows the address before).
 */
#ifndef HEAPTAP_MAPPINGS_H
#define HEAPTAP_MAPPINGS_H

#include "heaptap/wire.h"

enum ht_mapping_kind {
	HT_MAPPING_ADD = 1, /* mmap: start, size; site when it counts */
	HT_MAPPING_TAKE,    /* munmap or mremap begins: start, size */
	HT_MAPPING_RESTORE, /* it failed: what was taken is there again. As in TAKE */
	HT_MAPPING_MOVE,    /* mremap is done: start, size; old, old_size as in TAKE */
	HT_MAPPING_BREAK,   /* brk: the end is start, and was old */
	HT_MAPPING_ALLOW,   /* mprotect: start, size may be accessed */
};

#define HT_MAPPING_COUNTED  1  /* anonymous memory */
#define HT_MAPPING_RESERVED 2  /* ADD: nothing in it may be accessed yet */
#define HT_MAPPING_KEPT	    4  /* MOVE: the old range stays, empty (MREMAP_DONTUNMAP) */
#define HT_MAPPING_UNSURE   8  /* MOVE: whether it is anonymous could not be looked up */
#define HT_MAPPING_MREMAP   16 /* TAKE: MOVE or RESTORE follows */

struct ht_mapping_event {
	__u32 tgid, epoch, tid;
	__u8 kind, flags; /* enum ht_mapping_kind, HT_MAPPING_* */
	__u16 spare;
	__u32 site; /* of what is added; 0: none, or no room */
	__u32 time_ms;
	__u64 start, size;
	__u64 old, old_size;
};
HT_ASSERT(sizeof(struct ht_mapping_event) == 56);

/* In the place of an allocator function's number, what a site's stack ends in. */
#define HT_PROBE_MMAP	(HT_MAX_PROBES + 0)
#define HT_PROBE_MREMAP (HT_MAX_PROBES + 1)
#define HT_PROBE_BRK	(HT_MAX_PROBES + 2)

#endif
