// SPDX-License-Identifier: Apache-2.0
/* Opcodes: Intel SDM volume 2, CALL, JMP, Jcc, LEA, MOV. */
#include "collect/branches.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW	 (256 << 10)
#define LONGEST	 6 /* bytes that are looked at for one branch */
#define MOD_RM	 0xc7
#define RELATIVE 0x05 /* mod 0, rm 5: a displacement from the next instruction */

/* Programs that are not moved are linked here and above; a smaller constant is a number. */
#define ABSOLUTE_MIN 0x400000

static uint64_t relative(const uint8_t *displacement, uint64_t next)
{
	int32_t distance;

	memcpy(&distance, displacement, sizeof(distance));
	return next + (uint64_t)(int64_t)distance;
}

/* What the LONGEST bytes at @code, linked at @ret->from, would be. */
static bool branch_at(const uint8_t *code, struct branch *ret)
{
	uint64_t from = ret->from;
	uint32_t address;

	if (code[0] == 0xe8 || code[0] == 0xe9) {
		ret->kind = code[0] == 0xe8 ? BRANCH_CALL : BRANCH_JUMP;
		ret->target = relative(code + 1, from + 5);
	} else if (code[0] == 0x0f && code[1] >> 4 == 8) {
		ret->kind = BRANCH_JUMP;
		ret->target = relative(code + 2, from + 6);
	} else if (code[0] == 0xff && (code[1] == 0x15 || code[1] == 0x25)) {
		ret->kind = code[1] == 0x15 ? BRANCH_CALL_SLOT : BRANCH_JUMP_SLOT;
		ret->target = relative(code + 2, from + 6);
	} else if (code[0] == 0x8d && (code[1] & MOD_RM) == RELATIVE) {
		ret->kind = BRANCH_ADDRESS;
		ret->target = relative(code + 2, from + 6);
	} else if (code[0] >> 3 == 0xb8 >> 3) {
		memcpy(&address, code + 1, sizeof(address));
		ret->kind = BRANCH_ADDRESS;
		ret->target = address;
		return address >= ABSOLUTE_MIN;
	} else if (code[0] == 0xeb || code[0] >> 4 == 7) {
		ret->kind = BRANCH_SHORT;
		ret->target = from + 2 + (uint64_t)(int64_t)(int8_t)code[1];
	} else {
		return false;
	}
	return true;
}

int branches_each(const struct elf_image *image, uint64_t start, uint64_t end,
		  void (*visit)(const struct branch *branch, void *arg), void *arg)
{
	uint8_t *window = malloc(WINDOW + LONGEST);
	long n = 0;

	if (!window)
		return -ENOMEM;
	for (uint64_t at = start; at < end; at += WINDOW) {
		size_t size = end - at < WINDOW ? end - at : WINDOW;

		n = elf_image_read(image, at, window, size + LONGEST);
		if (n < 0)
			break;
		/* behind the end nothing that would be a branch */
		memset(window + n, 0, size + LONGEST - n);
		for (size_t i = 0; i < size && i < (size_t)n; i++) {
			struct branch branch = {.from = at + i};

			if (branch_at(window + i, &branch))
				visit(&branch, arg);
		}
	}
	free(window);
	return n < 0 ? (int)n : 0;
}
