/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Calls in flight: what an entry probe hands to its return probe where the kernel has no session
 * probe to carry it, or where it does not fit into one word.
 *
 * One element per thread with a few nested calls (a signal handler may allocate inside malloc),
 * told apart by the stack pointer at entry (and by the
 * function, since one that ends in a jump to another shares its stack pointer). A call that never
 * returns (longjmp) leaves a slot behind that the next call at the same or a higher stack pointer
 * takes over, and the oldest is given up when all are in use: nothing stays stuck. A thread's
 * element goes when it exits.
 */
#ifndef HEAPTAP_BPF_CALLS_H
#define HEAPTAP_BPF_CALLS_H

#include "maps.bpf.h"

#define CALLS_NESTED 4

struct call {
	__u64 sp; /* at entry, so at return rsp - 8; 0 = free slot */
	__u64 size;
	__u64 caller;	    /* return address, before the return probe replaced it */
	__u64 address;	    /* old pointer of realloc; where posix_memalign stores the new one */
	struct ht_live old; /* realloc: what was taken out at entry */
	__u32 order;
	__u16 probe;
	__u8 sampled;
	__u8 taken;	/* old is set */
	__u32 rate_now; /* number of the rate at entry */
	__u32 spare;
};

struct calls {
	struct call nested[CALLS_NESTED];
	__u32 order;
	__u32 spare;
};

/* NULL when there is none; a call taken stays valid until the next push. */
struct call *call_push(__u64 sp, __u32 probe);
struct call *call_pop(__u64 sp, __u32 probe);

/* Leaves it in flight. */
struct call *call_peek(__u64 sp);

#endif
