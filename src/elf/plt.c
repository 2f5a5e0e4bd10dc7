// SPDX-License-Identifier: Apache-2.0
/*
 * x86-64 PLT stubs by what they do: each jumps through a GOT slot (ff 25 disp32, whatever stands
 * before it), and a relocation of that slot has the symbol. This holds for lazy, eager (.plt.got)
 * and IBT (.plt.sec) stubs alike; a lazy IBT .plt stub only pushes an index and stays unnamed.
 */
#include "elf/plt.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <gelf.h>

#include "elf/image_private.h"

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

static const char *symbol_name(Elf *elf, size_t table, size_t index)
{
	Elf_Scn *section = elf_getscn(elf, table);
	GElf_Shdr header;
	GElf_Sym symbol;

	if (!gelf_getshdr(section, &header) ||
	    !gelf_getsym(elf_getdata(section, NULL), (int)index, &symbol))
		return NULL;
	return elf_strptr(elf, header.sh_link, symbol.st_name);
}

static const char *slot_symbol(Elf *elf, uint64_t slot)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf, section))) {
		Elf_Data *data;
		GElf_Rela rela;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_RELA ||
		    !(header.sh_flags & SHF_ALLOC))
			continue;
		data = elf_getdata(section, NULL);
		for (int i = 0; data && gelf_getrela(data, i, &rela); i++) {
			if (rela.r_offset == slot && GELF_R_SYM(rela.r_info))
				return symbol_name(elf, header.sh_link, GELF_R_SYM(rela.r_info));
		}
	}
	return NULL;
}

int plt_find(Elf *elf, uint64_t vaddr, char *name, size_t size)
{
	Elf_Scn *section = NULL;
	size_t names;

	if (elf_getshdrstrndx(elf, &names))
		return -ENOENT;
	while ((section = elf_nextscn(elf, section))) {
		const char *section_name, *target;
		GElf_Shdr header;
		uint64_t slot;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_PROGBITS ||
		    !(header.sh_flags & SHF_EXECINSTR) || vaddr < header.sh_addr ||
		    vaddr - header.sh_addr >= header.sh_size)
			continue;
		section_name = elf_strptr(elf, names, header.sh_name);
		if (!section_name || strncmp(section_name, ".plt", 4) ||
		    stub_slot(section, &header, vaddr, &slot))
			return -ENOENT;
		target = slot_symbol(elf, slot);
		if (!target || !*target)
			return -ENOENT;
		snprintf(name, size, "%.*s", (int)strcspn(target, "@"), target);
		return 0;
	}
	return -ENOENT;
}

int plt_find_in(const struct elf_image *image, uint64_t vaddr, char *name, size_t size)
{
	return plt_find(elf_image_handle(image), vaddr, name, size);
}
