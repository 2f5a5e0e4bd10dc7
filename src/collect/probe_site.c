// SPDX-License-Identifier: Apache-2.0
/*
 * Walks a function from its entry in a straight line up to the first control transfer, keeping
 * track of the argument registers and of rsp, and takes the first instruction that
 * arch/x86/kernel/uprobes.c of Linux emulates. A jump or call that ends the line may be it: it is
 * still executed by every call.
 *
 * Limit: only direct branches inside the given bytes are seen. A jump table, or a cold part of the
 * function placed elsewhere, that leads back before the site would make it count twice; compilers
 * aim neither at an entry block.
 */
#include "collect/probe_site.h"

#include <capstone/capstone.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NR_ARGUMENTS 6
#define PAGE_BYTES   4096
#define WORD_BYTES   8
#define LONG_NOP_MAX 8 /* longer ones are single-stepped, or refused for their cs prefix */

#ifndef __NR_uprobe
#define __NR_uprobe 336
#endif

/* What the walk knows before the next instruction. */
struct walk {
	csh capstone;
	const struct probe_site_wanted *wanted;
	uint64_t first_target; /* lowest offset > 0 that a direct branch leads to */
	unsigned int words;    /* pushed since entry */
};

/* An opcode without its prefixes. */
struct opcode {
	const uint8_t *bytes;
	size_t size;
	bool word;    /* operand size prefix */
	bool refused; /* a prefix with which the kernel takes no uprobe */
	uint8_t rex;  /* 0 for none */
};

static struct opcode opcode_of(const cs_insn *insn)
{
	struct opcode op = {.bytes = insn->bytes, .size = insn->size};

	for (; op.size > 1; op.bytes++, op.size--) {
		uint8_t byte = op.bytes[0];

		if (byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e || byte == 0xf0)
			op.refused = true;
		else if (byte == 0x66)
			op.word = true;
		else if (byte != 0x64 && byte != 0x65 && byte != 0x67 && byte != 0xf2 &&
			 byte != 0xf3)
			break;
	}
	if (op.size > 1 && (op.bytes[0] & 0xf0) == 0x40) {
		op.rex = op.bytes[0];
		op.bytes++;
		op.size--;
	}
	return op;
}

/* The kernel compares with its own nops, byte by byte; added in 6.18 except for 66 90 (6.4). */
static bool is_long_nop(const cs_insn *insn)
{
	static const uint8_t nops[][LONG_NOP_MAX] = {
		{0x66, 0x90},
		{0x0f, 0x1f, 0x00},
		{0x0f, 0x1f, 0x40, 0x00},
		{0x0f, 0x1f, 0x44, 0x00, 0x00},
		{0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
		{0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
		{0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
	};

	return insn->size >= 2 && insn->size <= LONG_NOP_MAX &&
	       !memcmp(insn->bytes, nops[insn->size - 2], insn->size);
}

/* branch_setup_xol_ops() and push_setup_xol_ops(). */
static bool is_emulated(const cs_insn *insn, bool long_nops)
{
	struct opcode op = opcode_of(insn);

	if (is_long_nop(insn))
		return long_nops;
	/* A push with a register: the opcode alone, or behind REX.B alone. */
	if (insn->bytes[0] >= 0x50 && insn->bytes[0] <= 0x57)
		return true;
	if (insn->size == 2 && insn->bytes[0] == 0x41 && (insn->bytes[1] & 0xf8) == 0x50)
		return true;
	/* With REX.B or F3 the kernel's decoder would still say nop, but 41 90 is an exchange. */
	if (insn->size == 1 && insn->bytes[0] == 0x90)
		return true;
	if (op.refused || op.word)
		return false;
	if (op.bytes[0] == 0xe8 || op.bytes[0] == 0xe9 || op.bytes[0] == 0xeb)
		return true;
	if ((op.bytes[0] & 0xf0) == 0x70)
		return true;
	return op.size > 1 && op.bytes[0] == 0x0f && (op.bytes[1] & 0xf0) == 0x80;
}

/* The kernel writes the call in one go, which it cannot across two pages. */
static bool is_optimized(const cs_insn *insn)
{
	return is_long_nop(insn) && insn->size == 5 &&
	       insn->address % PAGE_BYTES + insn->size <= PAGE_BYTES;
}

static bool is_branch(csh capstone, const cs_insn *insn)
{
	return cs_insn_group(capstone, insn, CS_GRP_JUMP) ||
	       cs_insn_group(capstone, insn, CS_GRP_CALL) ||
	       cs_insn_group(capstone, insn, CS_GRP_BRANCH_RELATIVE);
}

static bool ends_line(csh capstone, const cs_insn *insn)
{
	return is_branch(capstone, insn) || cs_insn_group(capstone, insn, CS_GRP_RET) ||
	       cs_insn_group(capstone, insn, CS_GRP_INT) ||
	       cs_insn_group(capstone, insn, CS_GRP_IRET) || insn->id == X86_INS_UD2 ||
	       insn->id == X86_INS_HLT;
}

/* Number of the argument whose register @reg is or is a part of; -1 for none. */
static int argument_of(uint16_t reg)
{
	static const uint16_t parts[NR_ARGUMENTS][5] = {
		{X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL},
		{X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL},
		{X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL, X86_REG_DH},
		{X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL, X86_REG_CH},
		{X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B},
		{X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B},
	};

	for (int i = 0; i < NR_ARGUMENTS; i++)
		for (size_t part = 0; part < 5; part++)
			if (parts[i][part] && parts[i][part] == reg)
				return i;
	return -1;
}

static bool is_stack_pointer(uint16_t reg)
{
	return reg == X86_REG_RSP || reg == X86_REG_ESP || reg == X86_REG_SP || reg == X86_REG_SPL;
}

/* Words by which @insn moves rsp down, or -1 when that is not known. Callers know it moves it. */
static int words_of(const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;
	const cs_x86_op *source = &x86->operands[0]; /* AT&T order */

	if (insn->id == X86_INS_PUSH || insn->id == X86_INS_PUSHFQ)
		return opcode_of(insn).word ? -1 : 1;
	if (insn->id != X86_INS_SUB || x86->op_count != 2 || source->type != X86_OP_IMM ||
	    x86->operands[1].reg != X86_REG_RSP)
		return -1;
	if (source->imm < 0 || source->imm % WORD_BYTES || source->imm / WORD_BYTES > UINT8_MAX)
		return -1;
	return (int)(source->imm / WORD_BYTES);
}

/* Takes what @insn writes into account. False when no later site can be used. */
static bool step(struct walk *walk, const cs_insn *insn)
{
	cs_regs read, written;
	uint8_t nr_read, nr_written;
	bool moves_stack = false;
	int words;

	if (insn->id == X86_INS_ENTER) /* capstone 4 knows no registers written by it */
		return false;
	if (cs_regs_access(walk->capstone, insn, read, &nr_read, written, &nr_written))
		return false;
	for (uint8_t i = 0; i < nr_written; i++) {
		int argument = argument_of(written[i]);

		if (argument >= 0 && walk->wanted->arguments & (1U << argument))
			return false;
		moves_stack |= is_stack_pointer(written[i]);
	}
	if (!moves_stack)
		return true;
	words = words_of(insn);
	if (walk->wanted->with_return || words < 0)
		return false;
	walk->words += words;
	return walk->words <= UINT8_MAX;
}

/*
 * The lowest offset > 0 that a direct branch of the function leads to, or @size. Bytes that cannot
 * be decoded are skipped one by one: what is read out of step can only add targets, hence cost.
 */
static uint64_t find_first_target(csh capstone, cs_insn *insn, const uint8_t *code, size_t size,
				  uint64_t vaddr)
{
	uint64_t address = vaddr, first = size;

	cs_option(capstone, CS_OPT_SKIPDATA, CS_OPT_ON);
	while (cs_disasm_iter(capstone, &code, &size, &address, insn)) {
		const cs_x86_op *op;

		if (!insn->id || !insn->detail || insn->detail->x86.op_count != 1)
			continue;
		op = &insn->detail->x86.operands[0];
		if (op->type != X86_OP_IMM || !is_branch(capstone, insn))
			continue;
		if ((uint64_t)op->imm > vaddr && (uint64_t)op->imm - vaddr < first)
			first = (uint64_t)op->imm - vaddr;
	}
	cs_option(capstone, CS_OPT_SKIPDATA, CS_OPT_OFF);
	return first;
}

static void describe(const cs_insn *insn, struct probe_site *site)
{
	size_t len;

	snprintf(site->insn, sizeof(site->insn), "%s %s", insn->mnemonic, insn->op_str);
	len = strlen(site->insn);
	if (len && site->insn[len - 1] == ' ')
		site->insn[len - 1] = '\0';
}

static int choose(struct walk *walk, cs_insn *insn, const uint8_t *code, size_t size,
		  uint64_t vaddr, struct probe_site *site)
{
	uint64_t address = vaddr;

	*site = (struct probe_site){.class = PROBE_SITE_STEPPED};
	while (cs_disasm_iter(walk->capstone, &code, &size, &address, insn)) {
		uint64_t offset = insn->address - vaddr;

		if (!offset)
			describe(insn, site);
		else if (offset >= walk->first_target)
			return 0;
		if (is_emulated(insn, walk->wanted->long_nops)) {
			site->offset = offset;
			site->pushes = (uint8_t)walk->words;
			site->class =
				is_optimized(insn) ? PROBE_SITE_OPTIMIZED : PROBE_SITE_EMULATED;
			describe(insn, site);
			return 0;
		}
		if (ends_line(walk->capstone, insn) || !step(walk, insn))
			return 0;
	}
	return site->insn[0] ? 0 : -EILSEQ;
}

int probe_site_choose(const uint8_t *code, size_t size, uint64_t vaddr,
		      const struct probe_site_wanted *wanted, struct probe_site *ret)
{
	struct walk walk = {.wanted = wanted};
	struct probe_site site;
	cs_insn *insn;
	int err = -ENOMEM;

	if (!size || vaddr + size < vaddr || wanted->arguments >> NR_ARGUMENTS)
		return -EINVAL;
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &walk.capstone))
		return -ENOMEM;
	cs_option(walk.capstone, CS_OPT_DETAIL, CS_OPT_ON);
	cs_option(walk.capstone, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
	insn = cs_malloc(walk.capstone);
	if (insn) {
		walk.first_target = find_first_target(walk.capstone, insn, code, size, vaddr);
		err = choose(&walk, insn, code, size, vaddr, &site);
		cs_free(insn, 1);
	}
	cs_close(&walk.capstone);
	if (!err)
		*ret = site;
	return err;
}

const char *probe_site_class_name(enum probe_site_class class)
{
	static const char *const names[] = {
		[PROBE_SITE_OPTIMIZED] = "optimized",
		[PROBE_SITE_EMULATED] = "emulated",
		[PROBE_SITE_STEPPED] = "single-stepped",
	};

	return names[class];
}

/* The uprobe system call is only for the kernel's own trampoline: anyone else gets ENXIO. It came
 * with 6.18, as did the emulation of long nops. */
bool probe_site_long_nops(void)
{
	return syscall(__NR_uprobe) < 0 && errno == ENXIO;
}
