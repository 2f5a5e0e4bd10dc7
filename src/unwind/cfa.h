/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The call frame instructions of DWARF 5 section 6.4.2, run to rules: where the CFA, rbp and the
 * return address are, for each address of a function. Other registers are skipped, because no rule
 * of ours needs them. Nothing is allocated.
 *
 * What struct ht_rule cannot express becomes HT_CFA_BAD; so does everything from the first
 * malformed instruction to the function's end.
 */
#ifndef HEAPTAP_UNWIND_CFA_H
#define HEAPTAP_UNWIND_CFA_H

#include <stdbool.h>
#include <stdint.h>

#include "heaptap/unwind.h"
#include "unwind/bytes.h"

/* Where the caller's value of a register is. */
enum cfa_place {
	CFA_PLACE_SAME,
	CFA_PLACE_UNDEFINED,
	CFA_PLACE_AT_CFA, /* *(CFA + offset) */
	CFA_PLACE_AT_RBP, /* *(rbp + offset) */
	CFA_PLACE_AT_RSP, /* *(rsp + offset) */
	CFA_PLACE_OTHER,
};

struct cfa_saved {
	enum cfa_place place;
	int64_t offset;
};

struct cfa_state {
	enum ht_cfa_kind kind;	 /* RSP, RBP, PLT, DEREF_RSP, DEREF_RBP, or BAD */
	bool is_register;	 /* the CFA is a register and an offset, known to us or not */
	int64_t offset, offset2; /* as in struct ht_rule, of any size */
	struct cfa_saved fp, ra;
	struct cfa_saved sp; /* CFA_PLACE_SAME: it is the CFA, as the ABI has it */
};

/* What the instructions of a function share with all others of its CIE. */
struct cfa_context {
	uint64_t code_align;
	int64_t data_align;
	bool is_signal;		  /* augmentation S: the frame was entered by a signal */
	struct cfa_state initial; /* behind the CIE's own instructions */
};

/* Called with growing addresses, each rule holding up to the next address. */
struct cfa_sink {
	void (*emit)(void *data, uint64_t address, struct ht_rule rule);
	void *data;
};

/* Runs the CIE's own instructions: @context->initial from the others. */
void cfa_init(struct cfa_context *context, struct bytes program);

/*
 * Runs a function's instructions, for [start, end) with start < end. At most one rule is emitted
 * per instruction, none at or behind @end.
 */
void cfa_run(const struct cfa_context *context, struct bytes program, uint64_t start, uint64_t end,
	     const struct cfa_sink *sink);

#endif
