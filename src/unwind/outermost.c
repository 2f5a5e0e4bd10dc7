// SPDX-License-Identifier: Apache-2.0
/* Searches the file in pieces that overlap by one byte less than what is looked for. */
#include "unwind/outermost.h"

#include <string.h>

#include "elf/image.h"

#define PIECE_SIZE 32768
#define CALL_SIZE  5

/* mov %eax, %edi (exit's status) or mov %rax, %rdi (the thread's result), and the call's opcode */
static const uint8_t move[] = {0x89, 0xc7, 0xe8};
#define REX_W	0x48
#define LONGEST (1 + sizeof(move) - 1 + CALL_SIZE)

void outermost_init(const struct elf_image *image, struct outermost *ret)
{
	static const char *const names[] = {"__libc_start_main", "exit", "pthread_exit"};
	struct elf_symbol found[3];

	*ret = (struct outermost){.entry = elf_image_entry(image)};
	if (elf_image_find_symbols(image, names, 3, found) || !found[0].name)
		return;
	if (found[1].name)
		ret->exit = found[1].vaddr;
	if (found[2].name)
		ret->thread_exit = found[2].vaddr;
}

/* Where the call goes that @piece, which is at @vaddr, has at @at. */
static uint64_t call_target(const uint8_t *piece, size_t at, uint64_t vaddr)
{
	int32_t distance;

	memcpy(&distance, piece + at + 1, sizeof(distance));
	return vaddr + at + CALL_SIZE + (int64_t)distance;
}

/* The first in a piece of code of @size bytes at @vaddr. */
static bool find_in(const struct outermost *outermost, const uint8_t *piece, size_t size,
		    uint64_t vaddr, uint64_t *ret)
{
	for (size_t at = 0; at + sizeof(move) - 1 + CALL_SIZE <= size; at++) {
		bool wide = at && piece[at - 1] == REX_W;
		uint64_t target;

		if (memcmp(piece + at, move, sizeof(move)))
			continue;
		target = call_target(piece, at + sizeof(move) - 1, vaddr);
		if (!target || target != (wide ? outermost->thread_exit : outermost->exit))
			continue;
		*ret = vaddr + at - wide;
		return true;
	}
	return false;
}

bool outermost_find(const struct outermost *outermost, const struct elf_image *image,
		    uint64_t start, uint64_t end, uint64_t *ret)
{
	uint8_t piece[PIECE_SIZE];

	if (!outermost->exit && !outermost->thread_exit)
		return false;
	while (start < end && end - start >= LONGEST) {
		size_t wanted = end - start < sizeof(piece) ? end - start : sizeof(piece);
		long size = elf_image_read(image, start, piece, wanted);

		if (size < (long)LONGEST)
			return false;
		if (find_in(outermost, piece, (size_t)size, start, ret))
			return true;
		start += (uint64_t)size - (LONGEST - 1);
	}
	return false;
}
