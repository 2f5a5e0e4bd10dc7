// SPDX-License-Identifier: Apache-2.0
/* Linear decoding; jumps through registers or memory are not seen. */
#include "collect/tail_calls.h"

#include <capstone/capstone.h>
#include <stdlib.h>
#include <string.h>

#include "elf/plt.h"

#define MAX_CODE_SIZE (64 << 10)

struct search {
	const struct elf_image *image;
	const struct code_range *entries;
	size_t nr_entries;
	csh capstone;
};

/* Also by way of a stub of the PLT: a library calls its own functions so. NULL when it is none. */
static const struct code_range *entry_at(const struct search *search, uint64_t vaddr)
{
	char name[64];

	for (size_t i = 0; i < search->nr_entries; i++)
		if (search->entries[i].start == vaddr)
			return &search->entries[i];
	if (plt_find_in(search->image, vaddr, name, sizeof(name)))
		return NULL;
	for (size_t i = 0; i < search->nr_entries; i++)
		if (search->entries[i].symbol && !strcmp(search->entries[i].symbol, name))
			return &search->entries[i];
	return NULL;
}

/* Code without a symbol of its own, from @start up to the next entry. Empty when it lies in one. */
static struct code_range piece_at(const struct search *search, uint64_t start)
{
	struct code_range piece = {start, start, NULL};

	for (size_t i = 0; i < search->nr_entries; i++) {
		const struct code_range *entry = &search->entries[i];

		if (start >= entry->start && start < entry->end)
			return (struct code_range){start, start, NULL};
		if (entry->start > start) {
			piece.end = entry->start;
			break;
		}
	}
	return piece;
}

static bool jumps_to_entry(const struct search *search, const struct code_range *code, bool follow)
{
	size_t size = code->end - code->start;
	const uint8_t *at;
	uint8_t *bytes;
	uint64_t vaddr = code->start;
	cs_insn *insn;
	bool found = false;
	size_t left;
	long n;

	if (size > MAX_CODE_SIZE)
		size = MAX_CODE_SIZE;
	bytes = malloc(size ? size : 1);
	insn = cs_malloc(search->capstone);
	n = bytes && insn ? elf_image_read(search->image, vaddr, bytes, size) : 0;
	at = bytes;
	left = n > 0 ? n : 0;
	while (!found && left && cs_disasm_iter(search->capstone, &at, &left, &vaddr, insn)) {
		const cs_x86_op *target = &insn->detail->x86.operands[0];

		if (!cs_insn_group(search->capstone, insn, CS_GRP_JUMP) ||
		    target->type != X86_OP_IMM ||
		    ((uint64_t)target->imm >= code->start && (uint64_t)target->imm < code->end))
			continue;
		found = entry_at(search, target->imm);
		if (!found && follow) {
			struct code_range piece = piece_at(search, target->imm);

			found = piece.end > piece.start && jumps_to_entry(search, &piece, false);
		}
	}
	if (insn)
		cs_free(insn, 1);
	free(bytes);
	return found;
}

static bool search_open(struct search *search)
{
	if (cs_open(CS_ARCH_X86, CS_MODE_64, &search->capstone) != CS_ERR_OK)
		return false;
	cs_option(search->capstone, CS_OPT_DETAIL, CS_OPT_ON);
	cs_option(search->capstone, CS_OPT_SKIPDATA, CS_OPT_ON);
	return true;
}

bool tail_calls_any(const struct elf_image *image, const struct code_range *function,
		    const struct code_range *entries, size_t nr_entries)
{
	struct search search = {.image = image, .entries = entries, .nr_entries = nr_entries};
	bool found;

	if (!search_open(&search))
		return true;
	found = jumps_to_entry(&search, function, true);
	cs_close(&search.capstone);
	return found;
}

/* An instruction that what follows is not reached through as if nothing were. */
static bool ends(const struct search *search, const cs_insn *insn)
{
	return insn->id == X86_INS_JMP || cs_insn_group(search->capstone, insn, CS_GRP_CALL) ||
	       cs_insn_group(search->capstone, insn, CS_GRP_RET);
}

/* The entry that @insn, a jump out of @function, goes to. */
static const struct code_range *jump_to(const struct search *search, const cs_insn *insn,
					const struct code_range *function)
{
	const cs_x86_op *target = &insn->detail->x86.operands[0];

	if (insn->id != X86_INS_JMP || target->type != X86_OP_IMM ||
	    ((uint64_t)target->imm >= function->start && (uint64_t)target->imm < function->end))
		return NULL;
	return entry_at(search, target->imm);
}

const struct code_range *tail_calls_only(const struct elf_image *image,
					 const struct code_range *function,
					 const struct code_range *entries, size_t nr_entries)
{
	struct search search = {.image = image, .entries = entries, .nr_entries = nr_entries};
	uint8_t bytes[256];
	const uint8_t *at = bytes;
	uint64_t vaddr = function->start;
	size_t size = function->end - function->start, left;
	long n = elf_image_read(image, vaddr, bytes, size < sizeof(bytes) ? size : sizeof(bytes));
	const struct code_range *found = NULL;
	bool over = false;
	cs_insn *insn;

	if (n <= 0 || !search_open(&search))
		return NULL;
	left = n;
	insn = cs_malloc(search.capstone);
	while (insn && !over && cs_disasm_iter(search.capstone, &at, &left, &vaddr, insn)) {
		found = jump_to(&search, insn, function);
		over = ends(&search, insn);
	}
	if (insn)
		cs_free(insn, 1);
	cs_close(&search.capstone);
	return found;
}
