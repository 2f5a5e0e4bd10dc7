// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Taking the stack of the current task: scratch slots and the walk.
 *
 * The walk follows frame pointers. It starts at the direct caller, whose return address the probe
 * knows, so that frame is never lost. A chain that stops looking like one ends the walk, and the
 * stack is marked as cut: nothing is guessed.
 */
#include "maps.bpf.h"
#include "stack.bpf.h"

#define SLOTS_PER_CPU  8
#define MAX_FRAME_SIZE (1 << 20)

struct scratch_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS_PER_CPU);
	__type(key, __u32);
	__type(value, struct stack_slot);
} scratch SEC(".maps");

__hidden struct stack_slot *stack_claim(void)
{
	__u32 first = bpf_get_smp_processor_id() * SLOTS_PER_CPU;

	for (int i = 0; i < SLOTS_PER_CPU; i++) {
		__u32 key = first + i;
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

struct frame_record {
	__u64 fp, pc;
};

/* Is @next a frame record that the one at @fp can lead to? */
static __always_inline bool plausible(__u64 fp, __u64 next)
{
	return next > fp && next - fp < MAX_FRAME_SIZE && !(next & 7);
}

__hidden int stack_walk(struct stack_slot *slot, struct stack_start *start)
{
	struct ht_stack_event *event = &slot->event;
	__u64 fp = start->fp, pc = start->pc, last = start->sp - 8;
	__u64 hash = stack_hash_add(0, pc);
	__u8 end = HT_STACK_TRUNCATED;
	__u32 n;

	event->pcs[0] = pc;
	for (n = 1; n < HT_MAX_FRAMES; n++) {
		struct frame_record record;

		if (!fp) {
			end = HT_STACK_COMPLETE;
			break;
		}
		if (!plausible(last, fp) ||
		    bpf_probe_read_user(&record, sizeof(record), (void *)fp) || !record.pc) {
			end = HT_STACK_CUT;
			break;
		}
		event->pcs[n] = record.pc;
		hash = stack_hash_add(hash, record.pc);
		last = fp;
		fp = record.fp;
	}
	event->head.nr_pcs = n;
	event->head.end = end;
	slot->hash = stack_hash_add(hash, end);
	return 0;
}
