// SPDX-License-Identifier: Apache-2.0
/* All relocations of the loaded sections, whatever their type: what is no slot is not asked for. */
#include "elf/slots.h"

#include <gelf.h>

#include "elf/image_private.h"

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

int slots_each(Elf *elf, int (*visit)(uint64_t slot, const char *symbol, void *arg), void *arg)
{
	Elf_Scn *section = NULL;
	GElf_Shdr header;
	int result = 0;

	while (!result && (section = elf_nextscn(elf, section))) {
		Elf_Data *data;
		GElf_Rela rela;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_RELA ||
		    !(header.sh_flags & SHF_ALLOC))
			continue;
		data = elf_getdata(section, NULL);
		for (int i = 0; !result && data && gelf_getrela(data, i, &rela); i++) {
			size_t index = GELF_R_SYM(rela.r_info);
			const char *name = index ? symbol_name(elf, header.sh_link, index) : NULL;

			if (name)
				result = visit(rela.r_offset, name, arg);
		}
	}
	return result;
}

int slots_each_in(const struct elf_image *image,
		  int (*visit)(uint64_t slot, const char *symbol, void *arg), void *arg)
{
	return slots_each(elf_image_handle(image), visit, arg);
}
