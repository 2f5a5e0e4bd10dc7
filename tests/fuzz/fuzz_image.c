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

#include "collect/inner_calls.h"
#include "elf/image.h"
#include "elf/usdt.h"
#include "elf/usdt_arguments.h"

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

static int take_usdt(const struct usdt_probe *probe, void *arg)
{
	struct ht_told_argument arguments[HT_TOLD_ARGUMENTS];

	(void)arg;
	check(*probe->name || !*probe->name); /* ends within the file */
	if (!usdt_arguments_parse(probe->arguments, HT_TOLD_ARGUMENTS, arguments))
		for (int i = 0; i < HT_TOLD_ARGUMENTS; i++)
			check(arguments[i].base < HT_TOLD_NR_REGISTERS && arguments[i].size);
	return 0;
}

/* Whatever is called a probed function has its own code. */
static void check_own_code(const struct elf_image *image, int fd, const struct elf_symbol *symbol)
{
	const struct code_range entry = {symbol->vaddr, symbol->vaddr + symbol->size, NULL};
	const struct code_name name = {symbol->name, symbol->vaddr};
	struct functions functions;
	struct own_ranges own;
	struct code_graph graph;

	check(!functions_read(image, fd, &entry, 1, &functions));
	for (size_t i = 1; i < functions.nr; i++)
		check(functions.all[i - 1].start < functions.all[i].start &&
		      functions.all[i - 1].end <= functions.all[i].start);
	check(!code_graph_init(&graph, image, &functions, &name, 1));
	check(!inner_calls_find(&graph, &entry, 1, false, &own) && own.nr <= HT_OWN_RANGES);
	check(inner_calls_import(&graph, symbol->vaddr) >= 0);
	code_graph_done(&graph);
	functions_done(&functions);
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
			if (symbols[i].name) {
				check_symbol(image, &symbols[i]);
				check_own_code(image, fd, &symbols[i]);
			}
		usdt_each(image, HT_TOLD_PROVIDER, take_usdt, NULL);
		for (uint64_t at = 0; at <= size; at += 97)
			if (!elf_image_offset_to_vaddr(image, at, &vaddr))
				check(!elf_image_vaddr_to_offset(image, vaddr, &offset) &&
				      offset < size);
		elf_image_free(image);
	}
	close(fd);
	return 0;
}
