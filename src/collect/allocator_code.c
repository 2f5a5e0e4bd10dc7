// SPDX-License-Identifier: Apache-2.0
/*
 * The functions that are known, and the code they jump to: jemalloc's malloc jumps to its slow
 * path, and is not on the stack of it any more.
 */
#include "collect/allocator_code.h"

#include <capstone/capstone.h>
#include <stdlib.h>

#include "elf/image.h"

#define MAX_CODE  (64 << 10) /* of one function */
#define MAX_JUMPS 128
#define PIECE	  4096 /* bytes of a function whose end is not known, at most */
#define PAGE	  4096

struct piece {
	uint64_t start, end; /* offsets in the file; vaddrs while they are looked for */
};

struct allocator_pieces {
	bool known;
	unsigned int nr;
	struct piece *all;
};

/* --- the pieces of a file ----------------------------------------------------------------------
 */

static bool is_in(const struct allocator_pieces *pieces, uint64_t address)
{
	for (unsigned int i = 0; i < pieces->nr; i++)
		if (address >= pieces->all[i].start && address < pieces->all[i].end)
			return true;
	return false;
}

/* Adds where the code of @function jumps to outside of all pieces. */
static void add_jumps(struct allocator_pieces *pieces, const struct elf_image *image, csh capstone,
		      unsigned int function, unsigned int max)
{
	const struct piece piece = pieces->all[function];
	size_t left = piece.end - piece.start < MAX_CODE ? piece.end - piece.start : MAX_CODE;
	uint8_t *bytes = malloc(left ? left : 1);
	cs_insn *insn = cs_malloc(capstone);
	const uint8_t *at = bytes;
	uint64_t vaddr = piece.start;
	long n = bytes && insn ? elf_image_read(image, vaddr, bytes, left) : 0;

	left = n > 0 ? n : 0;
	while (left && pieces->nr < max && cs_disasm_iter(capstone, &at, &left, &vaddr, insn)) {
		const cs_x86_op *target = &insn->detail->x86.operands[0];

		if (cs_insn_group(capstone, insn, CS_GRP_JUMP) && target->type == X86_OP_IMM &&
		    !is_in(pieces, target->imm))
			pieces->all[pieces->nr++] =
				(struct piece){target->imm, target->imm + PIECE};
	}
	if (insn)
		cs_free(insn, 1);
	free(bytes);
}

static int bound(const struct elf_named *symbol, void *arg)
{
	struct allocator_pieces *pieces = arg;

	for (unsigned int i = 0; symbol->function && i < pieces->nr; i++) {
		struct piece *piece = &pieces->all[i];

		if (symbol->size && piece->start >= symbol->vaddr &&
		    piece->start < symbol->vaddr + symbol->size)
			*piece = (struct piece){symbol->vaddr, symbol->vaddr + symbol->size};
		else if (symbol->vaddr > piece->start && symbol->vaddr < piece->end)
			piece->end = symbol->vaddr;
	}
	return 0;
}

static void to_offsets(struct allocator_pieces *pieces, const struct elf_image *image)
{
	for (unsigned int i = 0; i < pieces->nr; i++) {
		struct piece *piece = &pieces->all[i];
		uint64_t size = piece->end - piece->start;

		if (elf_image_vaddr_to_offset(image, piece->start, &piece->start))
			size = 0;
		piece->end = piece->start + size;
	}
}

static void find_pieces(const struct probes *probes, struct allocator_pieces *ret)
{
	struct elf_image *image;
	csh capstone;

	ret->known = true;
	ret->all = calloc(probes->nr + MAX_JUMPS, sizeof(*ret->all));
	if (!ret->all || elf_image_open(probes->object->fd, &image))
		return;
	for (unsigned int i = 0; i < probes->nr; i++)
		ret->all[ret->nr++] = (struct piece){
			probes->probes[i].vaddr, probes->probes[i].vaddr + probes->probes[i].size};
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &capstone) == CS_ERR_OK) {
		cs_option(capstone, CS_OPT_DETAIL, CS_OPT_ON);
		cs_option(capstone, CS_OPT_SKIPDATA, CS_OPT_ON);
		for (unsigned int i = 0; i < probes->nr; i++)
			add_jumps(ret, image, capstone, i, probes->nr + MAX_JUMPS);
		cs_close(&capstone);
	}
	elf_image_each_symbol(image, bound, ret);
	to_offsets(ret, image);
	elf_image_free(image);
}

static const struct allocator_pieces *
pieces_of(struct allocator_code *code, const struct attachments *attachments, unsigned int index)
{
	if (index >= code->nr) {
		struct allocator_pieces *all =
			reallocarray(code->all, attachments->nr, sizeof(*all));

		if (!all)
			return NULL;
		for (unsigned int i = code->nr; i < attachments->nr; i++)
			all[i] = (struct allocator_pieces){0};
		code->all = all;
		code->nr = attachments->nr;
	}
	if (!code->all[index].known)
		find_pieces(&attachments->all[index].probes, &code->all[index]);
	return &code->all[index];
}

void allocator_code_done(struct allocator_code *code)
{
	for (unsigned int i = 0; i < code->nr; i++)
		free(code->all[i].all);
	free(code->all);
	*code = (struct allocator_code){0};
}

/* --- stacks ------------------------------------------------------------------------------------
 */

/* A function with a return probe returns to where the kernel's trampoline is, in no mapping and at
 * the beginning of a page: there the stack of what it calls ends. */
static bool ends_at_probe(const struct stack *stack)
{
	return stack->end == HT_STACK_no_table && stack->mappings[stack->nr - 1] == SPACE_NONE &&
	       stack->pcs[stack->nr - 1] % PAGE == 0;
}

/* Nothing but the system call's own function, in the file of an allocator without unwind tables
 * (musl): who called it cannot be told, and most often it is the allocator. */
static bool is_bare(const struct stack *stack)
{
	return stack->nr == 1 && stack->end != HT_STACK_complete;
}

bool allocator_code_has(struct allocator_code *code, const struct attachments *attachments,
			const struct choice *choice, const struct space *space,
			const struct stack *stack)
{
	if (ends_at_probe(stack))
		return true;
	for (uint32_t i = 0; i < stack->nr; i++) {
		const struct mapping *mapping;

		if (stack->mappings[i] == SPACE_NONE)
			continue;
		mapping = &space->mappings[stack->mappings[i]];
		for (unsigned int k = 0; k < attachments->nr; k++) {
			const struct probes *probes = &attachments->all[k].probes;
			uint64_t offset = stack->pcs[i] - 1 - mapping->start + mapping->offset;
			const struct allocator_pieces *pieces;

			if (mapping->object != probes->object ||
			    choice->reasons[k] == CHOICE_INTERPOSED)
				continue;
			pieces = pieces_of(code, attachments, k);
			if (is_bare(stack) || (pieces && is_in(pieces, offset)))
				return true;
		}
	}
	return false;
}
