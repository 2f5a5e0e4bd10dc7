// SPDX-License-Identifier: Apache-2.0
/* The code is read from the file, so it is that of a compiler; still nothing is taken on trust. */
#include "v8/accessor.h"

#include <capstone/capstone.h>
#include <errno.h>

#define MAX_INSNS 24

/* A load of a pointer's size that is not from the stack. */
static bool is_load(const cs_insn *insn, struct accessor_load *ret)
{
	const cs_x86 *x86 = &insn->detail->x86;
	const cs_x86_op *source;

	if (insn->id != X86_INS_MOV || x86->op_count != 2 || x86->operands[0].type != X86_OP_REG)
		return false;
	source = &x86->operands[1];
	if (source->type != X86_OP_MEM || source->size != 8 ||
	    source->mem.base == X86_REG_INVALID || source->mem.base == X86_REG_RSP ||
	    source->mem.base == X86_REG_RBP || source->mem.base == X86_REG_RIP)
		return false;
	if (source->mem.disp < INT16_MIN || source->mem.disp > INT16_MAX)
		return false;
	ret->offset = source->mem.disp;
	ret->indexed = source->mem.index != X86_REG_INVALID && source->mem.scale == 8;
	return true;
}

static int collect(csh capstone, const uint8_t *code, size_t size, cs_insn *insn,
		   struct accessor_load *ret, int max)
{
	uint64_t address = 0;
	int nr = 0;

	for (int i = 0; i < MAX_INSNS; i++) {
		if (!cs_disasm_iter(capstone, &code, &size, &address, insn) ||
		    cs_insn_group(capstone, insn, CS_GRP_CALL) ||
		    cs_insn_group(capstone, insn, CS_GRP_JUMP))
			return 0;
		if (cs_insn_group(capstone, insn, CS_GRP_RET))
			return nr;
		if (nr < max && is_load(insn, &ret[nr]))
			nr++;
	}
	return 0;
}

int accessor_loads(const uint8_t *code, size_t size, struct accessor_load *ret, int max)
{
	cs_insn *insn;
	csh capstone;
	int nr;

	if (cs_open(CS_ARCH_X86, CS_MODE_64, &capstone))
		return -ENOMEM;
	cs_option(capstone, CS_OPT_DETAIL, CS_OPT_ON);
	insn = cs_malloc(capstone);
	nr = insn ? collect(capstone, code, size, insn, ret, max) : -ENOMEM;
	if (insn)
		cs_free(insn, 1);
	cs_close(&capstone);
	return nr;
}
