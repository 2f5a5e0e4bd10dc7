// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * V8's garbage collections, from four of its functions. A pause is what lies between
 * StartObservablePause and StopObservablePause on one thread; between them PerformGarbageCollection
 * says what is done and why, and SizeOfObjects returns the bytes in use, first before, last after.
 * All V8 versions from 10.2 to 14.6 call them in this order, on the isolate's own thread.
 *
 * A pause whose beginning was not seen is dropped and counted. The stack of a pause is taken at its
 * end: the callers are the same, and objects that the collection moved are where the stack says.
 */
#include "account.bpf.h"
#include "gc.bpf.h"
#include "hit.bpf.h"

const volatile bool ht_gc_stacks;
volatile __s32 gc_pauses;

struct gc_threads_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8192);
	__type(key, __u32); /* thread id; only the thread itself writes its element */
	__type(value, struct gc_thread);
} gc_threads SEC(".maps");

static const struct gc_thread no_thread;

__hidden struct gc_thread *gc_thread_here(bool add)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct gc_thread *thread = bpf_map_lookup_elem(&gc_threads, &tid);

	if (thread || !add)
		return thread;
	bpf_map_update_elem(&gc_threads, &tid, &no_thread, BPF_ANY);
	return bpf_map_lookup_elem(&gc_threads, &tid);
}

#define FAR_NS 1000000000ULL

/*
 * The moment that V8 takes for this end of the pause: where it hands it over (arg_ptr, in us of
 * CLOCK_MONOTONIC) that one, since the thread may have lost its CPU since; else now. What is not
 * near now is no time.
 */
static __always_inline __u64 moment(const struct hit *hit)
{
	__u64 now = bpf_ktime_get_ns(), ns;

	if (hit->cookie.arg_ptr == HT_ARG_NONE)
		return now;
	ns = argument(hit, hit->cookie.arg_ptr) * 1000;
	return now - ns < FAR_NS ? ns : now;
}

SEC("uprobe/gc_start")
int gc_start(struct pt_regs *ctx)
{
	struct gc_thread *thread;
	struct hit hit;

	if (!hit_init_v8(&hit, ctx, 0))
		return 0;
	thread = gc_thread_here(1);
	if (thread) {
		if (!thread->start_ns)
			__sync_fetch_and_add(&gc_pauses, 1);
		thread->has_heap = 1;
		thread->missing = HT_GC_NO_KIND | HT_GC_NO_SIZE;
		thread->start_ns = moment(&hit);
	} else {
		loss_add(HT_LOSS_gc_lost);
	}
	return hit_done(&hit, 0);
}

/* The thread's pause, NULL when none has begun. */
static __always_inline struct gc_thread *in_pause(void)
{
	struct gc_thread *thread = gc_thread_here(0);

	return thread && thread->start_ns ? thread : NULL;
}

SEC("uprobe/gc_perform")
int gc_perform(struct pt_regs *ctx)
{
	struct gc_thread *thread;
	struct hit hit;

	if (!hit_init_v8(&hit, ctx, 0))
		return 0;
	thread = in_pause();
	if (thread) {
		thread->heap = hit.args[0];
		thread->kind = hit.args[1];
		thread->reason = hit.args[2];
		thread->missing &= ~HT_GC_NO_KIND;
	}
	return hit_done(&hit, 0);
}

SEC("uprobe/gc_size")
int gc_size(struct pt_regs *ctx)
{
	struct gc_thread *thread;
	struct hit hit;

	if (!hit_init_v8(&hit, ctx, 1))
		return 0;
	thread = in_pause();
	if (thread) {
		if (thread->missing & HT_GC_NO_SIZE)
			thread->before = hit.result;
		thread->after = hit.result;
		thread->missing &= ~HT_GC_NO_SIZE;
	}
	return hit_done(&hit, 0);
}

/* The reader is not woken, since it could take the CPU from the thread before V8 looks at its
 * clock, and make the pause longer than it is: it looks into the ring several times a second. */
static __noinline int send(const struct gc_thread *thread, const struct ht_process *process,
			   __u64 end_ns)
{
	struct ht_gc_event event = {
		.event = {.kind = HT_EVENT_GC,
			  .tgid = process->tgid,
			  .epoch = process->epoch,
			  .time_ns = end_ns},
		.tid = bpf_get_current_pid_tgid(),
		.kind = thread->kind,
		.reason = thread->reason,
		.missing = thread->missing,
		.heap = thread->heap,
		.start_ns = thread->start_ns,
		.before = thread->before,
		.after = thread->after,
		.js_samples = {thread->js_samples[0], thread->js_samples[1]},
		.js_exact_bytes = thread->js_exact_bytes,
	};

	if (bpf_ringbuf_output(&events, &event, sizeof(event), BPF_RB_NO_WAKEUP))
		loss_add(HT_LOSS_gc_lost);
	return 0;
}

static __always_inline void take_stack(const struct hit *hit, const struct gc_thread *thread,
				       __u64 end_ns)
{
	struct allocation a = {
		.process = hit->process,
		.start = {.sp = hit->sp + 8 * hit->cookie.pushes + 8,
			  .fp = hit->fp,
			  .rbx = hit->rbx,
			  .pc = caller_of(hit)},
		.probe = HT_GC_PROBE(thread->kind, thread->reason),
	};

	account_event(&a, (end_ns - thread->start_ns) << HT_BYTES_SHIFT, 1 << HT_OBJECTS_SHIFT);
}

SEC("uprobe/gc_stop")
int gc_stop(struct pt_regs *ctx)
{
	struct gc_thread *thread;
	struct hit hit;
	__u64 end_ns;

	if (!hit_init_v8(&hit, ctx, 0))
		return 0;
	end_ns = moment(&hit);
	thread = in_pause();
	if (!thread) {
		loss_add(HT_LOSS_gc_half);
		return hit_done(&hit, 0);
	}
	if (end_ns < thread->start_ns)
		end_ns = thread->start_ns;
	send(thread, hit.process, end_ns);
	if (ht_gc_stacks)
		take_stack(&hit, thread, end_ns);
	if (thread->kind == HT_GC_MARK_COMPACT)
		thread->marking = 0;
	thread->start_ns = 0;
	__sync_fetch_and_add(&gc_pauses, -1);
	return hit_done(&hit, 0);
}

/* A full collection's cycle begins where its marking does, which may be long before its pause. */
SEC("uprobe/gc_cycle")
int gc_cycle(struct pt_regs *ctx)
{
	struct gc_thread *thread;
	struct hit hit;

	if (!hit_init_v8(&hit, ctx, 0))
		return 0;
	thread = (__u32)hit.args[1] == HT_GC_MARK_COMPACT ? gc_thread_here(1) : NULL;
	if (thread)
		thread->marking = 1;
	return hit_done(&hit, 0);
}

SEC("raw_tp/sched_process_exit")
int gc_thread_exit(void *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct gc_thread *thread = bpf_map_lookup_elem(&gc_threads, &tid);

	if (!thread)
		return 0;
	if (thread->start_ns)
		__sync_fetch_and_add(&gc_pauses, -1);
	bpf_map_delete_elem(&gc_threads, &tid);
	return 0;
}
