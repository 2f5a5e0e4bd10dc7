// SPDX-License-Identifier: Apache-2.0
/* Operations are those of DWARF 5 section 2.5; numbers come from elf.h's companion, dwarf.h. */
#include "unwind/expression.h"

#include <dwarf.h>

#define DW_REG_RBP 6
#define DW_REG_RSP 7

static bool is_literal(uint8_t op)
{
	return op >= DW_OP_lit0 && op <= DW_OP_lit31;
}

/*
 * Behind "rsp + 8": "+ (((rip & 15) >= N) << 3)". The second half of a lazy PLT entry has pushed a
 * word. binutils writes N as 11, and 10 where entries begin with endbr64.
 */
static bool read_plt(struct bytes ops, int64_t *ret_threshold)
{
	static const uint8_t head[] = {DW_OP_breg16, 0, DW_OP_lit15, DW_OP_and};
	static const uint8_t tail[] = {DW_OP_ge, DW_OP_lit3, DW_OP_shl, DW_OP_plus};
	size_t size = sizeof(head) + 1 + sizeof(tail);

	if (bytes_left(&ops) != size || memcmp(ops.at, head, sizeof(head)) ||
	    memcmp(ops.end - sizeof(tail), tail, sizeof(tail)))
		return false;
	if (!is_literal(ops.at[sizeof(head)]))
		return false;
	*ret_threshold = ops.at[sizeof(head)] - DW_OP_lit0;
	return true;
}

/* What is added behind a dereference: nothing, "plus_uconst N" or "litN plus". */
static bool read_addition(struct bytes ops, int64_t *ret)
{
	uint8_t op;

	*ret = 0;
	if (!bytes_left(&ops))
		return true;
	op = bytes_u8(&ops);
	if (op == DW_OP_plus_uconst)
		*ret = (int64_t)bytes_uleb(&ops);
	else if (is_literal(op) && bytes_u8(&ops) == DW_OP_plus)
		*ret = op - DW_OP_lit0;
	else
		return false;
	return !ops.failed && !bytes_left(&ops);
}

/* "bregN offset" at the front, N rsp or rbp. */
static bool read_base(struct bytes *ops, bool *ret_rbp, int64_t *ret_offset)
{
	uint8_t op = bytes_u8(ops);

	*ret_rbp = op == DW_OP_breg0 + DW_REG_RBP;
	*ret_offset = bytes_sleb(ops);
	return !ops->failed && (*ret_rbp || op == DW_OP_breg0 + DW_REG_RSP);
}

static bool read_cfa(struct bytes ops, struct cfa_state *state)
{
	bool rbp;

	if (!read_base(&ops, &rbp, &state->offset))
		return false;
	if (!bytes_left(&ops)) {
		state->kind = rbp ? HT_CFA_RBP : HT_CFA_RSP;
		return true;
	}
	if (!rbp && state->offset == 8 && read_plt(ops, &state->offset)) {
		state->kind = HT_CFA_PLT;
		return true;
	}
	if (bytes_u8(&ops) != DW_OP_deref)
		return false;
	state->kind = rbp ? HT_CFA_DEREF_RBP : HT_CFA_DEREF_RSP;
	return read_addition(ops, &state->offset2);
}

void expression_read_cfa(struct bytes expression, struct cfa_state *state)
{
	state->offset = state->offset2 = 0;
	if (!read_cfa(expression, state))
		state->kind = HT_CFA_BAD;
}

struct cfa_saved expression_read_place(struct bytes expression)
{
	struct cfa_saved saved;
	bool rbp;

	if (!read_base(&expression, &rbp, &saved.offset) || bytes_left(&expression))
		return (struct cfa_saved){.place = CFA_PLACE_OTHER};
	saved.place = rbp ? CFA_PLACE_AT_RBP : CFA_PLACE_AT_RSP;
	return saved;
}
