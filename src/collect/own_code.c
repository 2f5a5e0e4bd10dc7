// SPDX-License-Identifier: Apache-2.0
/* The functions, in assembler so that their instructions are what the header says. */
#include "collect/own_code.h"

#include <errno.h>
#include <unistd.h>

#include "proc/space.h"

__asm__(".pushsection .text\n"
	".globl own_code_emulated\n.type own_code_emulated, @function\n"
	"own_code_emulated:\n"
	"	.cfi_startproc\n"
	"	push %rbx\n"
	"	.cfi_adjust_cfa_offset 8\n"
	"	mov %rdi, %rax\n"
	"	pop %rbx\n"
	"	.cfi_adjust_cfa_offset -8\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size own_code_emulated, . - own_code_emulated\n"
	".globl own_code_stepped\n.type own_code_stepped, @function\n"
	"own_code_stepped:\n"
	"	.cfi_startproc\n"
	"	mov %rdi, %rax\n"
	"	ret\n"
	"	.cfi_endproc\n"
	".size own_code_stepped, . - own_code_stepped\n"
	".popsection\n");

int own_code_offset(uint64_t (*function)(uint64_t), uint64_t *ret_offset)
{
	uint64_t address = (uintptr_t)function;
	struct space *space = space_new(getpid(), NULL);
	const struct mapping *mapping;
	uint32_t index;
	int err;

	if (!space)
		return -ENOMEM;
	err = space_refresh(space, NULL);
	if (err)
		goto out;
	index = space_find(space, address);
	if (index == SPACE_NONE) {
		err = -ENOENT;
		goto out;
	}
	mapping = &space->mappings[index];
	*ret_offset = address - mapping->start + mapping->offset;
out:
	space_free(space);
	return err;
}
