/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The few DWARF expressions that compilers, linkers and C libraries write into .eh_frame on x86-64
 * and that a rule can express, recognised by their operations. Nothing is evaluated.
 */
#ifndef HEAPTAP_UNWIND_EXPRESSION_H
#define HEAPTAP_UNWIND_EXPRESSION_H

#include "unwind/cfa.h"

/* The CFA: rsp or rbp + N, its dereference with or without an addition, a PLT entry's. Sets kind
 * and the offsets of @state; HT_CFA_BAD when it is none of them. */
void expression_read_cfa(struct bytes expression, struct cfa_state *state);

/* The address a register is saved at: rsp or rbp + N, or CFA_PLACE_OTHER. */
struct cfa_saved expression_read_place(struct bytes expression);

#endif
