/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The one interface to the call stack of the current task, whatever walks it.
 */
#ifndef HEAPTAP_BPF_STACK_H
#define HEAPTAP_BPF_STACK_H

#include "ktypes.h"
#include "heaptap/wire.h"

/*
 * A stack being taken, in scratch memory that belongs to this invocation alone: a uprobe program
 * can be preempted by another task on its CPU, so per-CPU memory would be overwritten.
 */
struct stack_slot {
	__u32 busy;
	__u32 spare;
	__u64 hash; /* of pcs and end: what identifies the site */
	struct ht_stack_event event;
};

/* Where the walk begins: registers as they are when the direct caller goes on. */
struct stack_start {
	__u64 pc, sp, fp;
};

/* NULL when all slots of this CPU are taken: then count scratch_busy and use stack_hash_one(). */
struct stack_slot *stack_claim(void);
void stack_release(struct stack_slot *slot);

/* Fills pcs, nr_pcs, end and hash. */
int stack_walk(struct stack_slot *slot, struct stack_start *start);

/* A 64-bit mix; from the finalizer of splitmix64 (Steele, Lea, Flood 2014). */
static __always_inline __u64 stack_hash_add(__u64 hash, __u64 pc)
{
	hash ^= pc;
	hash *= 0xbf58476d1ce4e5b9ULL;
	return hash ^ hash >> 29;
}

#endif
