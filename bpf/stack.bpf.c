// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Taking the stack of the current task: scratch slots, and the walk from the direct caller, whose
 * registers the probe knows, up to the outermost frame. Where it cannot go on it ends and says why:
 * nothing is guessed.
 */
#include "stack.bpf.h"
#include "maps.bpf.h"

#define SLOTS_PER_CPU 8
#define CLAIMS	      16 /* slots tried: when all of this CPU are taken, those of the next one */
/* The last one goes a step beyond the last frame kept: was that the outermost? */
#define WALK_CALLS (HT_MAX_FRAMES / FRAMES_AT_ONCE + 1)

struct scratch_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS_PER_CPU);
	__type(key, __u32);
	__type(value, struct stack_slot);
} scratch SEC(".maps");

__hidden struct stack_slot *stack_claim(void)
{
	__u32 first = bpf_get_smp_processor_id() * SLOTS_PER_CPU;

	for (int i = 0; i < CLAIMS; i++) {
		__u32 key = (first + i) % (ht_nr_slots ?: 1);
		struct stack_slot *slot = bpf_map_lookup_elem(&scratch, &key);

		if (slot && __sync_val_compare_and_swap(&slot->busy, 0, 1) == 0)
			return slot;
	}
	return NULL;
}

__hidden void stack_release(struct stack_slot *slot)
{
	__sync_lock_test_and_set(&slot->busy, 0);
}

static __always_inline void walk(struct stack_slot *slot)
{
	struct ht_stack_event *event = &slot->event;
	int step = HT_STEP_CALLER;

	event->pcs[0] = slot->frame.pc + slot->frame.exact;
	slot->nr_pcs = 1;
	slot->hash = stack_hash_add(0, event->pcs[0]);
	for (int i = 0; i < WALK_CALLS && !step; i++)
		step = walk_frames(slot);
	event->head.nr_pcs = slot->nr_pcs;
	event->head.end = ht_stack_end_of(step);
	slot->hash = stack_hash_add(slot->hash, event->head.end);
}

__hidden int stack_walk(struct stack_slot *slot, struct stack_start *start,
			struct ht_process *process)
{
	__u64 set = *(volatile __u64 *)&process->mapset;

	slot->frame.pc = start->pc;
	slot->frame.sp = start->sp;
	slot->frame.fp = start->fp;
	slot->frame.exact = start->exact;
	slot->frame.chained = 0;
	slot->window_size = 0;
	slot->set = set;
	slot->v8 = process->v8;
	slot->js.head.nr_frames = 0;
	if (!set || HT_MAPSET_GENERATION(set) != HT_GENERATION(process->generation)) {
		slot->event.pcs[0] = start->pc + start->exact;
		slot->event.head.event.moment = HT_MOMENT(0, process->generation);
		slot->event.head.nr_pcs = 1;
		slot->event.head.end = set ? HT_STACK_stale : HT_STACK_no_table;
		slot->hash = stack_hash_add(start->pc, slot->event.head.end);
		return 0;
	}
	slot->event.head.event.moment = HT_MOMENT(HT_MAPSET_VERSION(set), process->generation);
	walk(slot);
	return 0;
}
