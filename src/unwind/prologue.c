// SPDX-License-Identifier: Apache-2.0
/* Counts in pieces that overlap by one byte less than a prologue. */
#include "unwind/prologue.h"

#include <string.h>

#include "elf/image.h"

#define PIECE_SIZE	32768
#define PROLOGUE_SIZE	4
#define BYTES_FOR_EVERY 8192 /* one prologue in so many bytes of code, and at least one */

/* push %rbp; mov %rsp, %rbp in its two encodings */
static uint64_t count(const uint8_t *piece, size_t size)
{
	static const uint8_t one[PROLOGUE_SIZE] = {0x55, 0x48, 0x89, 0xe5};
	static const uint8_t other[PROLOGUE_SIZE] = {0x55, 0x48, 0x8b, 0xec};
	uint64_t nr = 0;

	for (size_t at = 0; at + PROLOGUE_SIZE <= size; at++)
		if (piece[at] == one[0])
			nr += !memcmp(piece + at, one, PROLOGUE_SIZE) ||
			      !memcmp(piece + at, other, PROLOGUE_SIZE);
	return nr;
}

bool prologue_is_common(const struct elf_image *image, uint64_t start, uint64_t end)
{
	uint64_t nr = 0, wanted = (end - start) / BYTES_FOR_EVERY + 1;
	uint8_t piece[PIECE_SIZE];

	while (end - start >= PROLOGUE_SIZE && nr < wanted) {
		size_t size = end - start < sizeof(piece) ? end - start : sizeof(piece);
		long got = elf_image_read(image, start, piece, size);

		if (got < PROLOGUE_SIZE)
			break;
		nr += count(piece, (size_t)got);
		start += (uint64_t)got - (PROLOGUE_SIZE - 1);
	}
	return nr >= wanted;
}
