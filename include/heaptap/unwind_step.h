/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The step from a frame to its caller, given the rule of its pc: pure but for reading the stack.
 * The includer defines before
 *     int HT_UNWIND_READ(HT_UNWIND_READER *reader, __u64 address, __u64 *value)
 * which reads 8 bytes of the stack and is 0 when that worked, and the type HT_UNWIND_READER.
 */
#ifndef HEAPTAP_UNWIND_STEP_H
#define HEAPTAP_UNWIND_STEP_H

#include "heaptap/unwind.h"

#ifdef HT_UNWIND_READ

/* That rbp is 0 means nothing when it comes from code that need not keep a frame pointer. */
static inline enum ht_step ht_unwind_fp(struct ht_frame *frame, HT_UNWIND_READER *reader)
{
	__u64 fp = frame->fp, next;

	if (!fp && frame->chained)
		return HT_STEP_OUTERMOST;
	if (fp < frame->sp || fp - frame->sp >= HT_FP_STEP_MAX || fp & 7)
		return HT_STEP_BAD_FP;
	if (HT_UNWIND_READ(reader, fp + 8, &frame->pc) || HT_UNWIND_READ(reader, fp, &next))
		return HT_STEP_UNREADABLE;
	frame->sp = fp + 16;
	frame->fp = next;
	frame->exact = 0;
	frame->chained = 1;
	return frame->pc ? HT_STEP_CALLER : HT_STEP_OUTERMOST;
}

static inline enum ht_step ht_unwind_signal(struct ht_frame *frame, HT_UNWIND_READER *reader)
{
	__u64 sp = frame->sp;

	if (HT_UNWIND_READ(reader, sp + HT_SIGNAL_RBP, &frame->fp) ||
	    HT_UNWIND_READ(reader, sp + HT_SIGNAL_RSP, &frame->sp) ||
	    HT_UNWIND_READ(reader, sp + HT_SIGNAL_RIP, &frame->pc))
		return HT_STEP_UNREADABLE;
	frame->exact = 1;
	frame->chained = 0;
	return frame->pc ? HT_STEP_CALLER : HT_STEP_OUTERMOST;
}

/* *ret_cfa; 0, or an enum ht_step that ends the step. */
static inline enum ht_step ht_unwind_cfa(const struct ht_frame *frame, struct ht_rule rule,
					 HT_UNWIND_READER *reader, __u64 *ret_cfa)
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

static inline enum ht_step ht_unwind_step(struct ht_frame *frame, struct ht_rule rule,
					  HT_UNWIND_READER *reader)
{
	__u64 cfa, pc, fp = frame->fp;
	enum ht_step step;

	if (rule.cfa_kind == HT_CFA_NONE)
		return ht_unwind_fp(frame, reader);
	if (rule.cfa_kind == HT_CFA_STOP)
		return HT_STEP_OUTERMOST;
	if (rule.cfa_kind == HT_CFA_UNKNOWN)
		return HT_STEP_BAD_FP;
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
	frame->chained = 0;
	return pc ? HT_STEP_CALLER : HT_STEP_OUTERMOST;
}

#endif
#endif
