// SPDX-License-Identifier: Apache-2.0
/*
 * One uprobe program that takes the same stack twice, by stack_walk() and by bpf_get_stack(), in an
 * order drawn at each hit, and times both. Linked with the maps and the walker as they are shipped.
 */
#include "../../bpf/stack.bpf.h"
#include "../../bpf/maps.bpf.h"
#include "walk_cost.h"

#define KERNEL_FRAMES 127 /* what kernel.perf_event_max_stack is unless it was set */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, NR_SAMPLES_MAX);
	__type(key, __u32);
	__type(value, struct walk_sample);
} walk_samples SEC(".maps");

__u32 walk_nr_hits;
static __u64 kernel_pcs[KERNEL_FRAMES]; /* one target with one thread: nobody else writes */

static __noinline int time_walk(struct stack_slot *slot, struct stack_start *start,
				struct ht_process *process, struct walk_sample *sample)
{
	__u64 begin = bpf_ktime_get_ns();

	stack_walk(slot, start, process);
	sample->walk_ns = bpf_ktime_get_ns() - begin;
	sample->walk_frames = slot->event.head.nr_pcs;
	sample->walk_end = slot->event.head.end;
	return 0;
}

static __noinline int time_kernel(struct pt_regs *ctx, struct walk_sample *sample)
{
	__u64 begin = bpf_ktime_get_ns();
	long size = bpf_get_stack(ctx, kernel_pcs, sizeof(kernel_pcs), BPF_F_USER_STACK);

	sample->kernel_ns = bpf_ktime_get_ns() - begin;
	sample->kernel_frames = size > 0 ? (__u64)size / 8 : 0;
	return 0;
}

/* At the entry of a function: its return address is where rsp points. */
SEC("uprobe")
int walk_cost(struct pt_regs *ctx)
{
	struct ht_process *process = process_find(bpf_get_current_pid_tgid() >> 32);
	struct stack_start start = {.sp = ctx->rsp + 8, .fp = ctx->rbp, .rbx = ctx->rbx};
	__u32 index = walk_nr_hits;
	struct walk_sample *sample = bpf_map_lookup_elem(&walk_samples, &index);
	struct stack_slot *slot;
	__u64 begin;

	if (!process || !sample)
		return 0;
	if (bpf_probe_read_user(&start.pc, sizeof(start.pc), (void *)ctx->rsp))
		return 0;
	slot = stack_claim();
	if (!slot)
		return 0;
	begin = bpf_ktime_get_ns();
	sample->nothing_ns = bpf_ktime_get_ns() - begin;
	sample->walk_first = bpf_get_prandom_u32() & 1;
	if (sample->walk_first)
		time_walk(slot, &start, process, sample);
	time_kernel(ctx, sample);
	if (!sample->walk_first)
		time_walk(slot, &start, process, sample);
	stack_release(slot);
	walk_nr_hits = index + 1;
	return 0;
}
