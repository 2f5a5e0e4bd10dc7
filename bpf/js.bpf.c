// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Where JavaScript allocates. Objects are cut from a buffer without a call; V8 enters a function
 * only when the buffer is used up, some five times per megabyte, which samples allocations by their
 * bytes. Large objects enter another function each, with their exact size. The call is counted when
 * it succeeds: what fails is tried again after a collection. What the collector itself allocates,
 * when it moves objects, is not counted.
 */
#include "account.bpf.h"
#include "calls.bpf.h"
#include "gc.bpf.h"
#include "hit.bpf.h"

#define ORIGIN_GC 2 /* V8's enum AllocationOrigin */
#define SIZE_MAX  0x7fffffff

/*
 * Is it the collector that allocates? It does not always say so. In a pause the isolate's thread
 * allocates for nobody else, and no more do V8's helper threads, which are those that have no heap
 * (or whose heap was not collected yet: these are not to be told from them).
 */
static __always_inline bool is_collector(const struct hit *hit)
{
	struct gc_thread *thread = gc_thread_here(0);

	if (hit->cookie.arg_count != HT_ARG_NONE &&
	    (__u32)argument(hit, hit->cookie.arg_count) == ORIGIN_GC)
		return 1;
	if (thread && thread->has_heap)
		return thread->start_ns != 0;
	return gc_pauses > 0;
}

/* The object's size; 0 when the call is not one to count. arg_count is V8's AllocationOrigin. */
static __always_inline __u64 js_begins(const struct hit *hit)
{
	__u64 size = argument(hit, hit->cookie.arg_size) & 0xffffffff;

	COUNT(hit->stats, allocs);
	if (is_collector(hit))
		return 0;
	return size <= SIZE_MAX ? size : 0;
}

/* Space functions return a bool; those of large objects the object, tagged by its low bit, or what
 * has none. */
static __always_inline int js_ends(const struct hit *hit, __u64 size)
{
	struct allocation a = {
		.process = hit->process,
		.start = {.pc = hit->pc, .sp = hit->sp, .fp = hit->fp, .rbx = hit->rbx},
		.probe = hit->cookie.probe,
	};
	bool is_large = hit->cookie.probe == HT_JS_LARGE_OBJECT;
	struct gc_thread *thread;

	if (!(hit->result & 1)) {
		COUNT(hit->stats, failed);
		return 0;
	}
	thread = gc_thread_here(1);
	if (!thread)
		loss_add(HT_LOSS_gc_lost);
	else if (is_large)
		thread->js_exact_bytes += size;
	else if (thread->marking) {
		thread->js_samples[1]++;
		a.probe |= HT_JS_MARKING;
	} else
		thread->js_samples[0]++;
	if (is_large)
		account_event(&a, size << HT_BYTES_SHIFT, 1 << HT_OBJECTS_SHIFT);
	else
		account_event(&a, 1 << HT_BYTES_SHIFT,
			      ((__u64)HT_JS_PER_SIZE << HT_OBJECTS_SHIFT) / (size ?: 1));
	return 0;
}

SEC("uprobe/js_session")
int js_session(struct pt_regs *ctx)
{
	bool is_return = session_is_return();
	__u64 *carried = session_cookie();
	struct hit hit;

	if (!carried || !hit_init(&hit, ctx, is_return))
		return 1;
	if (is_return)
		return hit_done(&hit, js_ends(&hit, *carried));
	*carried = js_begins(&hit);
	return hit_done(&hit, !*carried);
}

SEC("uprobe/js_entry")
int js_entry(struct pt_regs *ctx)
{
	struct call *call;
	struct hit hit;
	__u64 size;

	if (!hit_init(&hit, ctx, 0))
		return 0;
	size = js_begins(&hit);
	call = size ? call_push(hit.sp, hit.cookie.probe) : NULL;
	if (call)
		call->size = size;
	else if (size)
		loss_add(HT_LOSS_calls_full);
	return hit_done(&hit, 0);
}

SEC("uprobe/js_return")
int js_return(struct pt_regs *ctx)
{
	struct call *call;
	struct hit hit;

	if (!hit_init(&hit, ctx, 1))
		return 0;
	call = call_pop(hit.sp - 8, hit.cookie.probe);
	if (call)
		js_ends(&hit, call->size);
	return hit_done(&hit, 0);
}
