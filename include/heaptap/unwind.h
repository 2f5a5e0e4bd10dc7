/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Unwinding without frame pointers: the compacted form of .eh_frame that the kernel searches, and
 * the one step from a frame to its caller. Compiled for BPF and for the host, where the same step
 * runs on recorded stacks.
 *
 * An object's rows are sorted by address; a row holds from its address up to the next row's. Rows
 * of one 1 KiB page of text are found through the object's page table. All numbers in a row are
 * addresses as linked (ELF vaddrs) minus the object's base, which is the vaddr of its first
 * executable byte rounded down to a page.
 */
#ifndef HEAPTAP_UNWIND_H
#define HEAPTAP_UNWIND_H

#include <linux/types.h>

#define HT_UNWIND_PAGE_SHIFT 10

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
#define HT_CHUNK_SHIFT 17
#define HT_CHUNK_WORDS (1 << HT_CHUNK_SHIFT)

/* An executable mapping. pc - bias is the row address, (pc - bias) >> HT_UNWIND_PAGE_SHIFT the
 * index into the page table at word @pages. */
struct ht_mapping {
	__u64 start, end;
	__u64 bias;
	__u32 pages;	/* word index of the page table */
	__u32 nr_pages; /* 0: no table, step by frame pointer */
};

/* The mappings of a process at one moment, never changed: entries [first, first + nr) of the
 * mappings array, sorted. Valid while the process's generation is the one here. */
struct ht_mapset {
	__u32 first, nr;
	__u32 version;	  /* keys the pc cache, 1 .. HT_MAPSET_VERSIONS - 1 */
	__u32 generation; /* struct ht_process */
};

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
};

/* How the caller's rbp is found. */
enum ht_fp_kind {
	HT_FP_SAME,   /* not saved: unchanged */
	HT_FP_AT_CFA, /* *(CFA + fp_offset) */
	HT_FP_AT_RBP, /* *(rbp + fp_offset) */
};

/*
 * A rule packed in a word: cfa kind 4, fp kind 2, offset 26 (signed, bytes), offset2 16 (signed,
 * bytes), fp offset 16 (signed, in 8 bytes). Rule 0 of every dictionary is NONE.
 */
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
	__u64 exact; /* pc is the next instruction itself, not a return address: do not look up pc -
			1 */
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

#define HT_FP_STEP_MAX (1 << 20) /* largest frame believed without a table */

/*
 * The step, given the rule of frame->pc. The includer defines
 *     int HT_UNWIND_READ(reader, __u64 address, __u64 *value)
 * that reads 8 bytes of the stack, 0 when it worked.
 */
#ifdef HT_UNWIND_READ
static inline enum ht_step ht_unwind_fp(struct ht_frame *frame, void *reader)
{
	__u64 fp = frame->fp, next;

	if (!fp)
		return HT_STEP_OUTERMOST;
	if (fp < frame->sp || fp - frame->sp >= HT_FP_STEP_MAX || fp & 7)
		return HT_STEP_BAD_FP;
	if (HT_UNWIND_READ(reader, fp + 8, &frame->pc) || HT_UNWIND_READ(reader, fp, &next))
		return HT_STEP_UNREADABLE;
	frame->sp = fp + 16;
	frame->fp = next;
	frame->exact = 0;
	return frame->pc ? HT_STEP_CALLER : HT_STEP_OUTERMOST;
}

static inline enum ht_step ht_unwind_signal(struct ht_frame *frame, void *reader)
{
	__u64 sp = frame->sp;

	if (HT_UNWIND_READ(reader, sp + HT_SIGNAL_RBP, &frame->fp) ||
	    HT_UNWIND_READ(reader, sp + HT_SIGNAL_RSP, &frame->sp) ||
	    HT_UNWIND_READ(reader, sp + HT_SIGNAL_RIP, &frame->pc))
		return HT_STEP_UNREADABLE;
	frame->exact = 1;
	return frame->pc ? HT_STEP_CALLER : HT_STEP_OUTERMOST;
}

/* *ret_cfa; 0, or an enum ht_step that ends the step. */
static inline enum ht_step ht_unwind_cfa(const struct ht_frame *frame, struct ht_rule rule,
					 void *reader, __u64 *ret_cfa)
{
	__u64 base;

	switch (rule.cfa_kind) {
	case HT_CFA_RSP:
		*ret_cfa = frame->sp + rule.offset;
		return HT_STEP_CALLER;
	case HT_CFA_RBP:
		*ret_cfa = frame->fp + rule.offset;
		return HT_STEP_CALLER;
	case HT_CFA_PLT:
		*ret_cfa = frame->sp + 8 + ((frame->pc & 15) >= (__u64)rule.offset ? 8 : 0);
		return HT_STEP_CALLER;
	case HT_CFA_DEREF_RBP:
	case HT_CFA_DEREF_RSP:
		base = rule.cfa_kind == HT_CFA_DEREF_RBP ? frame->fp : frame->sp;
		if (HT_UNWIND_READ(reader, base + rule.offset, ret_cfa))
			return HT_STEP_UNREADABLE;
		*ret_cfa += rule.offset2;
		return HT_STEP_CALLER;
	default:
		return HT_STEP_BAD_RULE;
	}
}

static inline enum ht_step ht_unwind_step(struct ht_frame *frame, struct ht_rule rule, void *reader)
{
	__u64 cfa, pc, fp = frame->fp;
	enum ht_step step;

	if (rule.cfa_kind == HT_CFA_NONE)
		return ht_unwind_fp(frame, reader);
	if (rule.cfa_kind == HT_CFA_STOP)
		return HT_STEP_OUTERMOST;
	if (rule.cfa_kind == HT_CFA_SIGNAL)
		return ht_unwind_signal(frame, reader);
	step = ht_unwind_cfa(frame, rule, reader, &cfa);
	if (step != HT_STEP_CALLER)
		return step;
	if (cfa <= frame->sp || cfa & 7)
		return HT_STEP_BACKWARDS;
	if (HT_UNWIND_READ(reader, cfa - 8, &pc))
		return HT_STEP_UNREADABLE;
	if (rule.fp_kind != HT_FP_SAME &&
	    HT_UNWIND_READ(reader,
			   (rule.fp_kind == HT_FP_AT_CFA ? cfa : fp) + (__s64)rule.fp_offset * 8,
			   &fp))
		return HT_STEP_UNREADABLE;
	frame->pc = pc;
	frame->sp = cfa;
	frame->fp = fp;
	frame->exact = 0;
	return pc ? HT_STEP_CALLER : HT_STEP_OUTERMOST;
}
#endif

#endif
