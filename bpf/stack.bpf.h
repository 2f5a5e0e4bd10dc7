/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The one interface to the call stack of the current task, whatever walks it.
 */
#ifndef HEAPTAP_BPF_STACK_H
#define HEAPTAP_BPF_STACK_H

#include "heaptap/unwind.h"
#include "heaptap/v8.h"
#include "heaptap/wire.h"
#include "ktypes.h"

#define WINDOW_WORDS (PAGE_SIZE / 8)

/* What is known of the JavaScript function at an address, as long as nothing has moved. */
struct known_function {
	__u64 function; /* tagged */
	__u64 script;
	__u32 script_id, literal_id;
	__u32 moves, v8; /* as in struct ht_v8 and struct ht_process; moves 0: nothing known */
};
#define KNOWN_FUNCTIONS_SHIFT 6

/*
 * A stack being taken, in scratch memory that belongs to this invocation alone: a uprobe program
 * can be preempted by another task on its CPU, so per-CPU memory would be overwritten. The state
 * of the walk lives here rather than in registers: what the verifier does not know it does not
 * follow.
 */
struct stack_slot {
	__u32 busy;
	__u32 low, high;   /* cursors of a binary search */
	__u32 window_size; /* bytes */
	__u32 nr_pcs;
	__u32 v8;	   /* as in struct ht_process */
	__u64 window_base; /* address of window[0] */
	__u64 hash;	   /* of pcs and end: what identifies the site */
	struct ht_frame frame;
	__u64 set;		    /* HT_MAPSET */
	__u64 window[WINDOW_WORDS]; /* a part of the stack that slides up with the walk */
	struct ht_stack_event event;
	struct ht_js_event js; /* the JavaScript frames among pcs */
	struct known_function known[1 << KNOWN_FUNCTIONS_SHIFT];
};

/* Where the walk begins: registers as they are when the direct caller goes on, or with @exact at an
 * instruction, which is then told of like the call before a return address: pcs[0] is pc + 1. */
struct stack_start {
	__u64 pc, sp, fp, rbx;
	bool exact;
};

/* NULL when all slots in reach are taken. */
struct stack_slot *stack_claim(void);
void stack_release(struct stack_slot *slot);

/* Fills pcs, nr_pcs, end, js and hash, by the tables of @process. */
int stack_walk(struct stack_slot *slot, struct stack_start *start, struct ht_process *process);

/*
 * Up to FRAMES_AT_ONCE frames on: adds them to pcs and hash, and slot->frame is the last of them.
 * The enum ht_step that ended the walk, STEP_NO_TABLE when a pc is in no mapping, or HT_STEP_CALLER
 * when there is more. A global function, so that the verifier looks at it once and not at each
 * call. A call of one frame takes an eighth longer in deep stacks; more than four cost the verifier
 * more than they gain.
 */
#define FRAMES_AT_ONCE 4
#define STEP_NO_TABLE  100
int walk_frames(struct stack_slot *slot);

/* Is what lies at @address (as rows have it) of the object with page table @pages V8's interpreter?
 * (javascript.bpf.c) */
int javascript_is_interpreter(struct stack_slot *slot, __u32 pages, __u64 address);

/* Keeps slot->frame when it is one of a JavaScript function, before the step to its caller: for
 * frames in code that the process made itself (@generated) or in the interpreter. */
int javascript_frame(struct stack_slot *slot, __u32 generated);

/* A 64-bit mix; from the finalizer of splitmix64 (Steele, Lea, Flood 2014). */
static __always_inline __u64 stack_hash_add(__u64 hash, __u64 pc)
{
	hash ^= pc;
	hash *= 0xbf58476d1ce4e5b9ULL;
	return hash ^ hash >> 29;
}

#endif
