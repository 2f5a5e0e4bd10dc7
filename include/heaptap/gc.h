/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * V8's garbage collections on their way to user space: one record for each pause of a thread, made
 * of what V8's own functions are called with. Sizes are bytes of the JavaScript heap (what
 * process.memoryUsage() calls heapUsed), times are CLOCK_MONOTONIC in ns.
 *
 * What identifies a site of the sources "gc" and "js" beside its stack is no allocator function but
 * what happened there: ht_stack_event_head.probe is HT_GC_PROBE() or an enum ht_js_probe.
 */
#ifndef HEAPTAP_GC_H
#define HEAPTAP_GC_H

#include <linux/types.h>

#include "heaptap/wire.h"

/* V8's enum GarbageCollector, the same from 10.2 to 14.6. */
enum ht_gc_kind {
	HT_GC_SCAVENGE,
	HT_GC_MARK_COMPACT,
	HT_GC_MINOR_MARK_COMPACT, /* "Mark-Sweep" of the young generation since V8 11.9 */
	HT_NR_GC_KINDS,
};

/* What was not seen of a collection. */
enum ht_gc_missing {
	HT_GC_NO_KIND = 1, /* kind, reason and heap are not known */
	HT_GC_NO_SIZE = 2, /* before and after are not known */
};

/* HT_EVENT_GC. event.time_ns is the end of the pause. */
struct ht_gc_event {
	struct ht_event event;
	__u32 tid;
	__u8 kind;    /* enum ht_gc_kind, as V8 passed it: foreign */
	__u8 reason;  /* V8's GarbageCollectionReason */
	__u8 missing; /* enum ht_gc_missing */
	__u8 spare;
	__u64 heap; /* address of V8's Heap: names an isolate */
	__u64 start_ns;
	__u64 before, after;
	/* Source js: what this thread has allocated so far, as the probes saw it. */
	__u64 js_samples[2];  /* [1]: while its heap was being marked */
	__u64 js_exact_bytes; /* of large objects */
};

#define HT_GC_PROBE(kind, reason) ((kind) << 8 | (reason))
#define HT_GC_PROBE_KIND(probe)	  ((probe) >> 8)
#define HT_GC_PROBE_REASON(probe) ((probe)&0xff)

/*
 * Where JavaScript allocates; also the number of the probe in ht_cookie. A sample of new and old
 * space stands for an amount of bytes that is only known afterwards: its site counts 1 in
 * alloc_bytes and HT_JS_PER_SIZE / size in alloc_objects, in their units. A large object counts as
 * itself.
 */
#define HT_JS_PER_SIZE (1 << 16)

enum ht_js_probe {
	HT_JS_NEW_SPACE,
	HT_JS_OLD_SPACE,
	HT_JS_LARGE_OBJECT,
	HT_NR_JS_PROBES,
};

/* V8 marks in steps between a program's allocations: then its buffers are small, and a sample
 * stands for fewer bytes. Such samples have sites of their own. */
#define HT_JS_MARKING 4

HT_ASSERT(sizeof(struct ht_gc_event) == 88);
HT_ASSERT(HT_NR_JS_PROBES <= HT_JS_MARKING);
HT_ASSERT(HT_NR_GC_KINDS << 8 < 1 << 16); /* fits ht_stack_event_head.probe */

#endif
