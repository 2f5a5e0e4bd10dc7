// SPDX-License-Identifier: Apache-2.0
/*
 * x86-64 PLT stubs by what they do: each jumps through a GOT slot (ff 25 disp32, whatever stands
 * before it), and a relocation of that slot has the symbol. This holds for lazy, eager (.plt.got)
 * and IBT (.plt.sec) stubs alike; a lazy IBT .plt stub only pushes an index and stays unnamed.
 */
#include "elf/plt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <gelf.h>

#include "elf/image_private.h"
#include "elf/slots.h"

#define STUB_SIZE 16 /* unless the section's entry size says 8 */

/* The address of the GOT slot the stub at @vaddr jumps through. */
static int stub_slot(Elf_Scn *section, const GElf_Shdr *header, uint64_t vaddr, uint64_t *ret_slot)
{
	uint64_t stub_size = header->sh_entsize == 8 ? 8 : STUB_SIZE;
	uint64_t stub = (vaddr - header->sh_addr) / stub_size * stub_size;
	Elf_Data *data = elf_getdata(section, NULL);
	const unsigned char *bytes;

	if (!data || !data->d_buf || stub + stub_size > data->d_size)
		return -ENOENT;
	bytes = (const unsigned char *)data->d_buf + stub;
	for (uint64_t i = 0; i + 6 <= stub_size; i++) {
		int32_t displacement;

		if (bytes[i] != 0xff || bytes[i + 1] != 0x25)
			continue;
		memcpy(&displacement, bytes + i + 2, sizeof(displacement));
		*ret_slot = header->sh_addr + stub + i + 6 + (uint64_t)(int64_t)displacement;
		return 0;
	}
	return -ENOENT;
}

struct wanted {
	uint64_t slot;
	const char *symbol;
};

static int take_symbol(uint64_t slot, const char *symbol, void *arg)
{
	struct wanted *wanted = arg;

	if (slot != wanted->slot)
		return 0;
	wanted->symbol = symbol;
	return 1;
}

int plt_find(Elf *elf, uint64_t vaddr, char *name, size_t size)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return -ENOENT;
	while ((section = elf_nextscn(elf, section))) {
		struct wanted wanted = {0};
		const char *section_name;
		GElf_Shdr header;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_PROGBITS ||
		    !(header.sh_flags & SHF_EXECINSTR) || vaddr < header.sh_addr ||
		    vaddr - header.sh_addr >= header.sh_size)
			continue;
		section_name = elf_strptr(elf, names, header.sh_name);
		if (!section_name || strncmp(section_name, ".plt", 4) ||
		    stub_slot(section, &header, vaddr, &wanted.slot))
			return -ENOENT;
		slots_each(elf, take_symbol, &wanted);
		if (!wanted.symbol || !*wanted.symbol)
			return -ENOENT;
		snprintf(name, size, "%.*s", (int)strcspn(wanted.symbol, "@"), wanted.symbol);
		return 0;
	}
	return -ENOENT;
}

int plt_find_in(const struct elf_image *image, uint64_t vaddr, char *name, size_t size)
{
	return plt_find(elf_image_handle(image), vaddr, name, size);
}
