// SPDX-License-Identifier: Apache-2.0
/* Searches the file in pieces that overlap by one byte less than a trampoline. */
#include "unwind/trampoline.h"

#include <string.h>

#include "elf/image.h"

#define PIECE_SIZE 32768

bool trampoline_find(const struct elf_image *image, uint64_t start, uint64_t end, uint64_t *ret)
{
	/* mov $15, %rax (__NR_rt_sigreturn); syscall */
	static const uint8_t code[TRAMPOLINE_SIZE] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
	uint8_t piece[PIECE_SIZE];

	while (start < end && end - start >= TRAMPOLINE_SIZE) {
		size_t wanted = end - start < sizeof(piece) ? end - start : sizeof(piece);
		long size = elf_image_read(image, start, piece, wanted);
		const uint8_t *found;

		if (size < TRAMPOLINE_SIZE)
			return false;
		found = memmem(piece, (size_t)size, code, sizeof(code));
		if (found) {
			*ret = start + (uint64_t)(found - piece);
			return true;
		}
		start += (uint64_t)size - (TRAMPOLINE_SIZE - 1);
	}
	return false;
}
