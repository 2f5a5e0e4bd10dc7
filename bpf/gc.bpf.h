/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What is known of a thread that runs V8: the pause it is in, and what it has allocated. The
 * element goes when the thread exits.
 */
#ifndef HEAPTAP_BPF_GC_H
#define HEAPTAP_BPF_GC_H

#include "heaptap/gc.h"
#include "ktypes.h"

struct gc_thread {
	__u64 start_ns; /* of the pause; 0 = in none */
	__u64 heap, before, after;
	__u64 js_samples[2], js_exact_bytes;
	__u8 kind, reason, missing;
	__u8 marking;  /* the heap is being marked */
	__u8 has_heap; /* collections happen on it: an isolate's thread, none of V8's helpers */
	__u8 spare[3];
};

/* Pauses that go on now, on all threads. */
extern volatile __s32 gc_pauses;

/* NULL when there is none, with @add when there is no room for one. */
struct gc_thread *gc_thread_here(bool add);

#endif
