/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Unwinding without frame pointers: the compacted form of .eh_frame that the kernel searches, and
 * the one step from a frame to its caller. Compiled for BPF and for the host, where the same step
 * runs on recorded stacks.
 *
 * An object's rows are sorted by address; a row holds from its address up to the next row's. Rows
 * of one 2 KiB page of text are found through the object's page table. All numbers in a row are
 * addresses as linked (ELF vaddrs) minus the object's base, which is the vaddr of its first
 * function rounded down to 4 KiB.
 */
#ifndef HEAPTAP_UNWIND_H
#define HEAPTAP_UNWIND_H

#include <linux/types.h>

#include "heaptap/wire.h"

#define HT_UNWIND_PAGE_SHIFT 11

/* One row: address u32 | rule u16 << 32. The upper 16 bits are zero. */
#define HT_ROW(address, rule) ((__u64)(__u32)(address) | (__u64)(__u16)(rule) << 32)
#define HT_ROW_ADDRESS(row)   ((__u32)(row))
#define HT_ROW_RULE(row)      ((__u16)((row) >> 32))

/* A page's entry: first row that can hold (the last that begins at or before the page) and last
 * row that begins in the page, inclusive, as indices. */
#define HT_PAGE(first, last) ((__u64)(__u32)(first) | (__u64)(__u32)(last) << 32)
#define HT_PAGE_FIRST(page)  ((__u32)(page))
#define HT_PAGE_LAST(page)   ((__u32)((page) >> 32))

/* Rows and page tables of all objects lie in one space of words, in chunks of this many. */
#define HT_CHUNK_SHIFT 15
#define HT_CHUNK_WORDS (1 << HT_CHUNK_SHIFT)

/*
 * An executable mapping. pc - bias is the row address, (pc - bias) >> HT_UNWIND_PAGE_SHIFT the
 * index into the page table at word @pages. Without a table nr_pages is 0: generated code is then
 * stepped through by frame pointer, a file's code (@pages is HT_NO_TABLE) is UNKNOWN.
 */
struct ht_mapping {
	__u64 start, end;
	__u64 bias;
	__u32 pages;
	__u32 nr_pages;
};
#define HT_NO_TABLE 1

/*
 * The mappings of a process at one moment, never changed: entries [first, first + nr) of the
 * mappings array, sorted. In one word, so that it is replaced with a single store: first 16, nr 12,
 * version 17 (keys the pc cache, from 1), generation 19 (the low bits of struct ht_process's, which
 * must be the same).
 */
#define HT_MAPSET(first, nr, version, generation)                                                  \
	((__u64)(__u16)(first) | (__u64)(nr) << 16 | (__u64)(version) << 28 |                      \
	 (__u64)HT_GENERATION(generation) << 45)
#define HT_MAPSET_FIRST(set)	  ((__u32)((set)&0xffff))
#define HT_MAPSET_NR(set)	  ((__u32)((set) >> 16 & 0xfff))
#define HT_MAPSET_VERSION(set)	  ((__u32)((set) >> 28 & 0x1ffff))
#define HT_MAPSET_GENERATION(set) ((__u32)((set) >> 45))
#define HT_GENERATION(generation) ((generation)&0x7ffff)

/*
 * Under which mappings a stack was taken, for giving its addresses their files although others are
 * mapped there by then: the version of the set it was walked by (17 bits, 0: by none) and the low
 * bits of the process's generation (15).
 */
#define HT_MOMENT(version, generation)	((__u32)(version) | (__u32)(generation) << 17)
#define HT_MOMENT_VERSION(moment)	((moment)&0x1ffff)
#define HT_MOMENT_GENERATION(moment)	((moment) >> 17)
#define HT_MOMENT_OF_GENERATION(number) HT_MOMENT_GENERATION(HT_MOMENT(0, number))

#define HT_MAPSET_VERSIONS (1 << 17)
#define HT_MAX_MAPPINGS	   2048 /* of one process: bounds the search */

/*
 * The pc cache: one word an entry, so that it is never torn. Index: low 16 bits of
 * pc ^ pc >> 16 ^ version * HT_PC_CACHE_MIX; word: pc >> 16 (31 bits) << 33 | version (17) << 16 |
 * rule. Index and word together give back pc, so a hit is exact.
 */
#define HT_PC_CACHE_SHIFT 16
#define HT_PC_CACHE_MIX	  0x9e37

/* How the CFA, the caller's stack pointer, is found. */
enum ht_cfa_kind {
	HT_CFA_NONE,	  /* no FDE covers the pc: step by frame pointer, if it looks like one */
	HT_CFA_RSP,	  /* rsp + offset */
	HT_CFA_RBP,	  /* rbp + offset */
	HT_CFA_PLT,	  /* rsp + 8 + ((pc & 15) >= threshold) * 8; threshold in offset */
	HT_CFA_DEREF_RBP, /* *(rbp + offset) + offset2: a realigned frame (DRAP) */
	HT_CFA_DEREF_RSP, /* *(rsp + offset) + offset2 */
	HT_CFA_SIGNAL,	  /* registers are in the ucontext that rsp points at */
	HT_CFA_STOP,	  /* the outermost frame: its return address is undefined */
	HT_CFA_BAD,	  /* a rule that none of these express */
	HT_CFA_UNKNOWN,	  /* no FDE covers the pc, and its code keeps no frame pointer */
};

/* How the caller's rbp is found. */
enum ht_fp_kind {
	HT_FP_SAME,   /* not saved: unchanged */
	HT_FP_AT_CFA, /* *(CFA + fp_offset) */
	HT_FP_AT_RBP, /* *(rbp + fp_offset) */
};

/*
 * A rule packed in a word: cfa kind 4, fp kind 2, offset 26 (signed, bytes), offset2 16 (signed,
 * bytes), fp offset 16 (signed, in 8 bytes). Rule 0 of every dictionary is NONE. Of the
 * kernel's, rule 1 is UNKNOWN: what lies in an object but beyond its page table, and rules 2 and
 * 3 are again NONE, of code the process has made itself and of V8's interpreter.
 */
#define HT_RULE_NONE	    0
#define HT_RULE_UNKNOWN	    1
#define HT_RULE_GENERATED   2
#define HT_RULE_INTERPRETER 3

struct ht_rule {
	__u64 cfa_kind : 4, fp_kind : 2;
	__s64 offset : 26, offset2 : 16, fp_offset : 16;
};

/* Where the x86-64 kernel puts the interrupted registers: struct rt_sigframe without its return
 * address, from rsp as it is at __restore_rt. Linux arch/x86/include/asm/sigframe.h and
 * uapi/asm/sigcontext.h. */
#define HT_SIGNAL_RBP 120
#define HT_SIGNAL_RSP 160
#define HT_SIGNAL_RIP 168

struct ht_frame {
	__u64 pc, sp, fp;
	__u32 exact; /* pc is the next instruction itself, no return address: look up pc, not pc - 1
		      */
	__u32 chained; /* fp was found by way of a frame pointer: 0 ends the chain, and the stack */
};

/* What a step comes to. */
enum ht_step {
	HT_STEP_CALLER,	    /* *frame is now the caller's */
	HT_STEP_OUTERMOST,  /* there is no caller */
	HT_STEP_BAD_RULE,   /* the table cannot express this frame */
	HT_STEP_BAD_FP,	    /* no table, and rbp is not a frame pointer */
	HT_STEP_UNREADABLE, /* the stack could not be read */
	HT_STEP_BACKWARDS,  /* the stack pointer would not grow: not a stack */
};

/* How a stack ends whose last step came to that; HT_STEP_CALLER: there was no room for more. */
static inline enum ht_stack_end ht_stack_end_of(int step)
{
	switch (step) {
	case HT_STEP_CALLER:
		return HT_STACK_truncated;
	case HT_STEP_OUTERMOST:
		return HT_STACK_complete;
	case HT_STEP_BAD_RULE:
		return HT_STACK_bad_rule;
	case HT_STEP_BAD_FP:
		return HT_STACK_bad_fp;
	case HT_STEP_UNREADABLE:
		return HT_STACK_unreadable;
	case HT_STEP_BACKWARDS:
		return HT_STACK_not_a_stack;
	default:
		return HT_STACK_no_table;
	}
}

#define HT_FP_STEP_MAX (1 << 20) /* largest frame believed without a table */

#endif
