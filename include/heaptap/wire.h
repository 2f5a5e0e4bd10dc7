/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What crosses the border between the BPF programs and user space: configuration, map keys and
 * values, the records of the ring buffer, the list of loss counters. Fixed-width types only; every
 * layout is asserted below, because both sides are compiled by different compilers.
 *
 * Units: weighted bytes are 1/256 byte (HT_BYTES_SHIFT), weighted objects 1/65536 object
 * (HT_OBJECTS_SHIFT), times are milliseconds since the start of the recording.
 */
#ifndef HEAPTAP_WIRE_H
#define HEAPTAP_WIRE_H

#include <linux/types.h>

#define HT_MAX_FRAMES	 255 /* fits the 8 bits of nr_pcs */
#define HT_BYTES_SHIFT	 8
#define HT_OBJECTS_SHIFT 16
#define HT_COMM_LEN	 16
#define HT_NR_RATES	 64 /* rates one after the other in a run; a power of two */

/*
 * Loss counters: X(name, what it means to the reader of a report). The name is the key in the
 * profile's comments and in the JSON; add a line here and every output has it.
 */
#define HT_LOSSES(X)                                                                               \
	X(live_full, "allocations not tracked: the live map is full")                              \
	X(site_full, "allocations without a stack: the site map is full")                          \
	X(calls_full, "calls given up between their entry and their return")                       \
	X(stack_lost, "sites without a stack: the ring buffer was full")                           \
	X(free_missed, "allocations at an address still held: a free was missed")                  \
	X(event_lost, "process events lost: the ring buffer or the table of processes was full")   \
	X(gc_lost, "garbage collections lost: the ring buffer or the table of threads was full")   \
	X(told_unread, "allocations told of by their process: an argument could not be read")      \
	X(mmap_lost, "changes of mappings lost: their ring buffer was full")                       \
	X(page_lost, "page faults lost: their ring buffer was full")                               \
	X(scratch_busy, "samples with the direct caller alone: no scratch slot was free")          \
	X(caller_unread, "samples whose direct caller could not be read")                          \
	X(stack_truncated, "samples with a stack deeper than the limit of frames")                 \
	X(stack_incomplete, "samples with a stack that ended before the outermost frame")          \
	X(copy_lost, "raw stacks not copied: the ring buffer was full")                            \
	X(js_dropped, "JavaScript frames beyond the limit of one stack")                           \
	X(gc_half, "garbage collections left out: under way when heaptap attached")

/* Up to here allocations, frees or whole stacks are missing; from here on parts of stacks are. */
#define HT_NR_DATA_LOSSES HT_LOSS_scratch_busy

enum ht_loss {
#define X(name, text) HT_LOSS_##name,
	HT_LOSSES(X)
#undef X
		HT_NR_LOSSES
};

/* Counters that are not losses. X(name, what it counts) */
#define HT_COUNTS(X)                                                                               \
	X(hits, "probe hits in watched processes, entry and return")                               \
	X(returns, "probe hits at a return")                                                       \
	X(timed, "probe hits whose program was timed")                                             \
	X(timed_ns, "nanoseconds spent in the programs of those hits")                             \
	X(allocs, "allocations by watched processes")                                              \
	X(frees, "frees of a pointer that is not NULL")                                            \
	X(samples, "allocations sampled")                                                          \
	X(walks, "stacks walked while every N-th is copied")                                       \
	X(failed, "allocation calls that returned an error")                                       \
	X(nested, "calls made by the allocator itself, counted at the outermost")                  \
	X(faults, "page faults of watched processes, as the samples stand for them")               \
	X(fault_runs, "page faults that were samples, of all processes")                           \
	X(fault_samples, "page faults that were samples, of watched processes")                    \
	X(fault_ns, "nanoseconds spent in their programs")

enum ht_count {
#define X(name, text) HT_COUNT_##name,
	HT_COUNTS(X)
#undef X
		HT_NR_COUNTS
};

/* How a stack ended. X(name, what it means to the reader of a report) */
#define HT_STACK_ENDS(X)                                                                           \
	X(complete, "reached the outermost frame")                                                 \
	X(truncated, "is deeper than the limit of frames")                                         \
	X(busy, "no scratch slot was free: the direct caller only")                                \
	X(no_table, "a pc lies in code whose unwind table was not loaded yet")                     \
	X(stale, "mappings had just changed")                                                      \
	X(bad_rule, "a frame's unwind rule is one the tables cannot express")                      \
	X(bad_fp, "code without an unwind table does not keep a frame pointer")                    \
	X(unreadable, "stack memory could not be read")                                            \
	X(not_a_stack, "the stack pointer does not point into a stack")

enum ht_stack_end {
#define X(name, text) HT_STACK_##name,
	HT_STACK_ENDS(X)
#undef X
		HT_NR_STACK_ENDS
};

/* The countdown of bytes to the next sample, one per CPU. */
struct ht_countdown {
	__s64 left;
	__u32 rate_now; /* number of the rate it was drawn with */
	__u32 spare;
};

/* Counters of one CPU. */
struct ht_stats {
	__u64 count[HT_NR_COUNTS];
	__u64 ends[HT_NR_STACK_ENDS]; /* samples by how their stack ended */
	__u64 loss[HT_NR_LOSSES];
};

/*
 * Attach cookie: what one probe site is. Argument positions count from 0 in the order of the
 * System V calling convention; HT_ARG_NONE means there is no such argument.
 */
#define HT_ARG_NONE 7

struct ht_cookie {
	__u16 probe : 12, pushes : 4;	/* number of the probe; words between rsp and the return */
	__u16 arg_ptr : 3, arg_out : 3; /* old pointer; address that receives the new one */
	__u16 arg_size : 3, arg_count : 3; /* bytes; multiplier of the bytes */
	__u16 forwards : 1;		   /* may end in a jump to another probed function */
	__u16 everywhere : 1;		   /* of a link for all processes */
	__u16 spare : 2;
	__u32 site; /* where it is, from where struct ht_own_code counts */
};
#define HT_MAX_PROBES	    4096
#define HT_ALLOCATOR_PROBES 64 /* an allocator's are numbered from a multiple of it */
#define HT_MAX_ALLOCATORS   (HT_MAX_PROBES / HT_ALLOCATOR_PROBES)

/* The own code of one allocator, ascending. A call that returns into it is part of an outer call.
 * In bytes from a place of its file. */
#define HT_OWN_RANGES 32
struct ht_own_code {
	__u32 nr, spare;
	struct ht_own_range {
		__u32 begin, end;
	} ranges[HT_OWN_RANGES];
};

/* Which programs do their work. */
enum ht_enabled {
	HT_DISABLED,
	HT_ENABLED,
	HT_NO_ALLOCATORS, /* all but those of allocator functions */
};

/* Key of an outstanding allocation. Every exec and every forked process has an epoch of its own,
 * greater than all before, so what an old image held can neither be freed nor counted by the new
 * one, nor by another process that got its number. */
struct ht_live_key {
	__u32 tgid;
	__u32 epoch;
	__u64 address;
};

struct ht_live {
	__u64 size;   /* bytes asked for */
	__u64 weight; /* weighted bytes; objects and variance follow from weight and size */
	__u32 site;   /* index into the sites array */
	__u32 time_ms;
};

/* Identifies a site: the call stack of one process image. */
struct ht_site_key {
	__u64 stack_hash;
	__u32 tgid;
	__u32 epoch;
};

/* Totals of one site. inuse = alloc - freed. var is the variance of the estimate, in units of
 * (base rate)^2 / 2^16; 0 in exact mode. */
struct ht_site {
	struct ht_site_key key;
	__u64 alloc_bytes, alloc_objects, alloc_var;
	__u64 freed_bytes, freed_objects, freed_var;
	__u64 samples;
	__u32 first_ms, last_ms;
	__u32 sent; /* 1 once the stack is in the ring buffer */
	__u32 spare;
};

/*
 * A watched process, in a table of HT_MAX_PROCESSES entries that both sides have in memory: looked
 * up at ht_process_slot(tgid) and the HT_PROCESS_PROBES - 1 entries behind it. An entry is free
 * when its tgid is 0, and may be taken again when it is HT_PROCESS_GONE, which it becomes when the
 * process ends. Who takes one for a process that is running puts HT_PROCESS_CLAIMED there first. A
 * followed process's child has its entry before it runs, so that none of its execs is missed.
 */
#define HT_MAX_PROCESSES   4096
#define HT_PROCESS_PROBES  8
#define HT_PROCESS_GONE	   (~0U)
#define HT_PROCESS_CLAIMED (~0U - 1)

struct ht_process {
	__u32 tgid;
	__u32 epoch;
	__u64 mapset;	  /* HT_MAPSET, 0 = none; written by user space alone but for exec */
	__u64 trampoline; /* where return probes return to in this process; 0 = not known yet */
	__u64 asked_ns;	  /* when a MAPS event was last sent */
	__u64 exec_pages; /* mm->exec_vm when it was; a difference hints at new code */
	__u64 copied_ns;  /* virtual time of the last raw copy: limits their rate */
	__u32 nr_copies;
	__u32 generation;    /* grows when mappings went away: older mapsets are not to be used */
	__s32 nr_forwarding; /* calls in flight that may end in a jump to another probed function */
	__u8 deleting;	     /* dlclose is at work */
	__u8 flags;	     /* HT_PROCESS_* below; a child begins with its parent's */
	__u16 v8;	     /* its struct ht_v8 is at v8 - 1; 0: it has no V8 */
	__u64 unused;	     /* a bit for each allocator it maps and does not use: no hits of it */
	__u64 partly_unused; /* a bit for each probe, from its first, of allocator partly - 1 */
	__u32 partly, spare;
	__u64 brk; /* the end of its heap, rounded up to a page; 0: not known */
};

#define HT_PROCESS_HOLD	  1 /* stop it after an exec or a dlopen until user space has seen to it */
#define HT_PROCESS_FOLLOW 2 /* its children are to be watched too */

/* Counted are the hits of links for all processes, otherwise those of its own: it may have both in
 * its memory. A child begins as its parent is. */
#define HT_PROCESS_EVERYWHERE 4

static inline __u32 ht_process_slot(__u32 tgid)
{
	return tgid * 0x9e3779b1U >> 20;
}

/* Records of the ring buffer. Its last HT_RING_KEPT bytes are for those of processes alone: they
 * must not be lost behind stacks, and not be taken in before them. */
#define HT_RING_KEPT (16 << 10)

enum ht_event_kind {
	HT_EVENT_STACK = 1,
	HT_EVENT_EXEC,	/* epoch is the new one */
	HT_EVENT_FORK,	/* tgid and epoch are the child's, parent its parent's, which is followed */
	HT_EVENT_MAPS,	/* the mappings of the process have changed, or a pc was in none */
	HT_EVENT_COPY,	/* the raw stack of a sample the tables could not unwind */
	HT_EVENT_JS,	/* heaptap/v8.h */
	HT_EVENT_GC,	/* heaptap/gc.h */
	HT_EVENT_SPENT, /* the credit of hits is: look at the budget now */
};

struct ht_event {
	__u32 kind;
	__u32 tgid;
	__u32 epoch;
	union {
		__u32 held;   /* EXEC, MAPS: the process was stopped and waits to be continued */
		__u32 parent; /* FORK */
		__u32 moment; /* STACK, COPY: HT_MOMENT of heaptap/unwind.h */
	};
	__u64 time_ns; /* CLOCK_MONOTONIC */
};

/* A site's stack, sent once, leaf first, cut behind its last pc. pcs[0] is the direct caller's
 * return address; the allocator function itself is head.probe. */
struct ht_stack_event_head {
	struct ht_event event;
	__u32 site;
	__u8 nr_pcs;
	__u8 end;    /* enum ht_stack_end */
	__u16 probe; /* the allocator function: the leaf */
};

struct ht_stack_event {
	struct ht_stack_event_head head;
	__u64 pcs[HT_MAX_FRAMES];
};

#define HT_STACK_EVENT_SIZE(nr_pcs) (sizeof(struct ht_stack_event_head) + 8 * (nr_pcs))

/* Registers and stack of a sample as they were, for unwinding in user space. The stack of its site
 * was sent before. */
#define HT_COPY_SIZE (16 << 10)
#define HT_RED_ZONE  128 /* below sp, where a leaf function may keep data: System V ABI 3.2.2 */

struct ht_copy_event {
	struct ht_event event;
	__u32 site;
	__u32 size; /* bytes of stack that follow, from sp - HT_RED_ZONE up */
	__u64 pc, sp, fp, rbx;
	__u8 stack[HT_COPY_SIZE];
};

#if defined(__cplusplus)
#define HT_ASSERT(e) static_assert(e, #e)
#else
#define HT_ASSERT(e) _Static_assert(e, #e)
#endif
HT_ASSERT((HT_NR_RATES & (HT_NR_RATES - 1)) == 0);
HT_ASSERT(sizeof(struct ht_countdown) == 16);
HT_ASSERT(sizeof(struct ht_cookie) == 8);
HT_ASSERT(sizeof(struct ht_own_code) == 8 + 8 * HT_OWN_RANGES);
HT_ASSERT(sizeof(struct ht_live_key) == 16);
HT_ASSERT(sizeof(struct ht_live) == 24);
HT_ASSERT(sizeof(struct ht_site_key) == 16);
HT_ASSERT(sizeof(struct ht_site) == 88);
HT_ASSERT(sizeof(struct ht_process) == 96);
HT_ASSERT(HT_MAX_ALLOCATORS <= 64);	/* bits of struct ht_process's unused */
HT_ASSERT(HT_MAX_PROCESSES == 1 << 12); /* ht_process_slot() keeps 12 bits */
HT_ASSERT(sizeof(struct ht_copy_event) == 64 + HT_COPY_SIZE);
HT_ASSERT(sizeof(struct ht_event) == 24);
HT_ASSERT(sizeof(struct ht_stack_event) == 32 + 8 * HT_MAX_FRAMES);

#endif
