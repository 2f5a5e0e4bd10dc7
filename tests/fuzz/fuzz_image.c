// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as an ELF image: opening it either fails, or every question about it is answered
 * within its bounds.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "elf/image.h"

#define NR_NAMES 4

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void check_symbol(const struct elf_image *image, const struct elf_symbol *symbol)
{
	uint8_t bytes[64];
	uint64_t offset;
	long n;

	check(!elf_image_vaddr_to_offset(image, symbol->vaddr, &offset));
	check(offset == symbol->offset);
	n = elf_image_read(image, symbol->vaddr, bytes, sizeof(bytes));
	check(n > 0 && n <= (long)sizeof(bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[NR_NAMES] = {"malloc", "free", "both", "versioned"};
	struct elf_symbol symbols[NR_NAMES];
	struct elf_image *image;
	uint64_t vaddr, offset;
	char hex[41];
	int fd;

	fd = memfd_create("image", MFD_CLOEXEC);
	check(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	if (!elf_image_open(fd, &image)) {
		elf_image_build_id(image, hex, sizeof(hex));
		check(!elf_image_find_symbols(image, names, NR_NAMES, symbols));
		for (int i = 0; i < NR_NAMES; i++)
			if (symbols[i].name)
				check_symbol(image, &symbols[i]);
		for (uint64_t at = 0; at <= size; at += 97)
			if (!elf_image_offset_to_vaddr(image, at, &vaddr))
				check(!elf_image_vaddr_to_offset(image, vaddr, &offset) &&
				      offset < size);
		elf_image_free(image);
	}
	close(fd);
	return 0;
}
