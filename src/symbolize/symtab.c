// SPDX-License-Identifier: Apache-2.0
/*
 * The symbol index: built by one pass over the tables and one sort, without touching a name (node
 * has 185,000 symbols and 13 MB of names; naming its frames reads a few pages of them). Which alias
 * to show is decided when an address is looked up.
 */
#include "symbolize/symtab.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <gelf.h>

#include "symbolize/ranges.h"

/* .symtab of the object, of its debug file and of its minidebuginfo, and .dynsym */
#define TABLES_MAX 4

struct strings {
	const char *data;
	size_t size;
};

/* A range's value is the name's place in the string table; its tag holds these. */
#define TAG_TABLE(tag)	 ((tag)&0xff)
#define TAG_TYPE(tag)	 (((tag) >> 8) & 0xff)
#define TAG_BINDING(tag) (((tag) >> 16) & 0xff)

struct symtab {
	struct ranges sized, unsized;
	struct strings tables[TABLES_MAX];
	uint32_t nr_tables;
};

struct section {
	uint64_t end; /* 0 when it holds no code */
};

struct symtab *symtab_new(void)
{
	return calloc(1, sizeof(struct symtab));
}

void symtab_free(struct symtab *symtab)
{
	if (!symtab)
		return;
	ranges_done(&symtab->sized);
	ranges_done(&symtab->unsized);
	free(symtab);
}

static int sections_read(Elf *elf, struct section **ret_sections, size_t *ret_nr)
{
	struct section *sections;
	size_t nr;

	if (elf_getshdrnum(elf, &nr))
		return -EINVAL;
	sections = calloc(nr + 1, sizeof(*sections));
	if (!sections)
		return -ENOMEM;
	for (size_t i = 1; i < nr; i++) {
		GElf_Shdr header;

		if (!gelf_getshdr(elf_getscn(elf, i), &header))
			continue;
		if (header.sh_flags & SHF_EXECINSTR)
			sections[i].end = header.sh_addr + header.sh_size;
	}
	*ret_sections = sections;
	*ret_nr = nr;
	return 0;
}

static Elf_Scn *section_of_type(Elf *elf, uint32_t type, GElf_Shdr *ret_header)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section))) {
		if (gelf_getshdr(section, ret_header) && ret_header->sh_type == type)
			return section;
	}
	return NULL;
}

/* 1 when added, 0 when it is none of ours, -ENOMEM. */
static int symbol_add(struct symtab *symtab, const Elf64_Sym *symbol,
		      const struct section *sections, size_t nr_sections, uint64_t bias)
{
	uint32_t type = ELF64_ST_TYPE(symbol->st_info);
	uint32_t binding = ELF64_ST_BIND(symbol->st_info);
	uint32_t tag = symtab->nr_tables | type << 8 | binding << 16;
	uint64_t low = symbol->st_value + bias, end = 0;
	int err;

	if (symbol->st_shndx == SHN_UNDEF || !symbol->st_name)
		return 0;
	if (symbol->st_shndx < nr_sections)
		end = sections[symbol->st_shndx].end;
	if (type != STT_FUNC && type != STT_GNU_IFUNC && !(type == STT_NOTYPE && end))
		return 0;

	if (symbol->st_size)
		err = ranges_add(&symtab->sized, low, low + symbol->st_size, symbol->st_name, tag);
	else /* cut at the next symbol when all are known */
		err = ranges_add(&symtab->unsized, low, end ? end + bias : low + 1, symbol->st_name,
				 tag);
	return err ? err : 1;
}

long symtab_add(struct symtab *symtab, Elf *elf, uint32_t type, uint64_t bias)
{
	Elf_Data *data, *names;
	struct section *sections;
	size_t nr_sections;
	Elf_Scn *section;
	GElf_Shdr header;
	long count = 0;
	int err;

	section = section_of_type(elf, type, &header);
	if (!section)
		return -ENOENT;
	data = elf_getdata(section, NULL);
	names = elf_getdata(elf_getscn(elf, header.sh_link), NULL);
	if (!data || !data->d_buf || !names || !names->d_buf || gelf_getclass(elf) != ELFCLASS64 ||
	    symtab->nr_tables == TABLES_MAX)
		return -EINVAL;
	err = sections_read(elf, &sections, &nr_sections);
	if (err)
		return err;

	symtab->tables[symtab->nr_tables] = (struct strings){names->d_buf, names->d_size};
	for (size_t i = 1; i < data->d_size / sizeof(Elf64_Sym); i++) {
		err = symbol_add(symtab, (const Elf64_Sym *)data->d_buf + i, sections, nr_sections,
				 bias);
		if (err < 0)
			break;
		count += err;
	}
	symtab->nr_tables++;
	free(sections);
	return err < 0 ? err : count;
}

/* Where a symbol without size ends at the latest: at the next symbol, and with the function whose
 * inner label it is. */
static uint64_t unsized_end(const struct symtab *symtab, const struct range *range)
{
	const struct ranges *lists[] = {&symtab->sized, &symtab->unsized};
	size_t around = ranges_find(&symtab->sized, range->low);
	uint64_t end = range->high;

	if (around != RANGES_NONE && symtab->sized.entries[around].high < end)
		end = symtab->sized.entries[around].high;
	for (size_t k = 0; k < 2; k++) {
		size_t next = ranges_above(lists[k], range->low);

		if (next < lists[k]->nr && lists[k]->entries[next].low < end)
			end = lists[k]->entries[next].low;
	}
	return end;
}

void symtab_sort(struct symtab *symtab)
{
	ranges_sort(&symtab->sized);
	ranges_sort(&symtab->unsized);
	for (size_t i = 0; i < symtab->unsized.nr; i++)
		symtab->unsized.entries[i].high = unsized_end(symtab, &symtab->unsized.entries[i]);
	ranges_sort(&symtab->unsized);
}

/* False when the name is not inside its string table. */
static bool name_read(const struct symtab *symtab, const struct range *range,
		      struct symbol_name *ret)
{
	const struct strings *strings = &symtab->tables[TAG_TABLE(range->tag)];
	const char *name, *end, *version;

	if (range->value >= strings->size)
		return false;
	name = strings->data + range->value;
	end = memchr(name, '\0', strings->size - range->value);
	if (!end || end == name)
		return false;
	/* "malloc@@GLIBC_2.2.5": linkers write the version into the name */
	version = memchr(name + 1, '@', end - name - 1);
	*ret = (struct symbol_name){name, (version ? version : end) - name};
	return true;
}

static unsigned int rank_of_name(const struct symbol_name *name)
{
	unsigned int underscores = 0;

	if (name->length > 2 && name->name[0] == '_' &&
	    (name->name[1] == 'Z' || name->name[1] == 'R'))
		return 0;
	if (!strncmp(name->name, "__libc_", 7) || !strncmp(name->name, "__GI_", 5))
		return 3;
	while (underscores < 2 && name->name[underscores] == '_')
		underscores++;
	return underscores;
}

static unsigned int rank_of_type(uint32_t tag)
{
	return TAG_TYPE(tag) == STT_FUNC ? 0 : TAG_TYPE(tag) == STT_GNU_IFUNC ? 1 : 2;
}

static unsigned int rank_of_binding(uint32_t tag)
{
	switch (TAG_BINDING(tag)) {
	case STB_GLOBAL:
	case STB_GNU_UNIQUE:
		return 0;
	case STB_WEAK:
		return 1;
	default:
		return 2;
	}
}

/* Negative when @a is the better one to show. */
static int alias_order(const struct symbol_name *a, uint32_t tag_a, const struct symbol_name *b,
		       uint32_t tag_b)
{
	unsigned int ranks_a[] = {rank_of_type(tag_a), rank_of_name(a), rank_of_binding(tag_a)};
	unsigned int ranks_b[] = {rank_of_type(tag_b), rank_of_name(b), rank_of_binding(tag_b)};

	for (size_t i = 0; i < sizeof(ranks_a) / sizeof(ranks_a[0]); i++) {
		if (ranks_a[i] != ranks_b[i])
			return ranks_a[i] < ranks_b[i] ? -1 : 1;
	}
	if (a->length != b->length)
		return a->length < b->length ? -1 : 1;
	return memcmp(a->name, b->name, a->length);
}

static int find_in(const struct symtab *symtab, const struct ranges *ranges, uint64_t vaddr,
		   struct symbol_name *ret)
{
	size_t found = ranges_find(ranges, vaddr);
	uint32_t best_tag = 0;
	bool have = false;

	if (found == RANGES_NONE)
		return -ENOENT;
	for (size_t i = found + 1;
	     i-- > 0 && ranges->entries[i].low == ranges->entries[found].low;) {
		const struct range *range = &ranges->entries[i];
		struct symbol_name name;

		if (range->high <= vaddr || !name_read(symtab, range, &name))
			continue;
		if (!have || alias_order(&name, range->tag, ret, best_tag) < 0) {
			*ret = name;
			best_tag = range->tag;
			have = true;
		}
	}
	return have ? 0 : -ENOENT;
}

int symtab_find(const struct symtab *symtab, uint64_t vaddr, struct symbol_name *ret)
{
	int err = find_in(symtab, &symtab->sized, vaddr, ret);

	/* a label inside a function does not cut it */
	return err ? find_in(symtab, &symtab->unsized, vaddr, ret) : 0;
}
