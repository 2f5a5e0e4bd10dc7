// SPDX-License-Identifier: Apache-2.0
/*
 * The two symbol tables of an image: functions by name, and all there is. .dynsym is what other
 * objects see, so it wins; .symtab adds what is linked statically or kept local.
 *
 * Limit: a local symbol is taken when nothing better has the name. Link-time hiding makes the
 * allocator of a static library local, but so is another function that only shares its name.
 */
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "elf/image_private.h"

/* How good a match is; the higher wins, the first among equals. */
enum rank {
	RANK_NONE,
	RANK_LOCAL,
	RANK_GLOBAL_OLD, /* a version that is not the default, in .symtab */
	RANK_GLOBAL,
	RANK_DYNAMIC_OLD,
	RANK_DYNAMIC,
};

struct wanted {
	const char *name;
	enum rank rank;
	struct elf_symbol symbol;
	UT_hash_handle hh;
};

struct table {
	Elf_Data *symbols, *versions; /* versions only of .dynsym, may be NULL */
	size_t nr_symbols;
	size_t strings; /* section with the names */
	bool dynamic;
};

/* The first table of that kind; a file has no reason for a second. */
static bool find_table(Elf *elf, bool dynamic, struct table *ret)
{
	Elf_Scn *section = NULL, *versions = NULL, *symbols = NULL;
	struct table table = {.dynamic = dynamic};
	GElf_Shdr shdr;

	while ((section = elf_nextscn(elf, section))) {
		if (!gelf_getshdr(section, &shdr))
			return false;
		if (dynamic && !versions && shdr.sh_type == SHT_GNU_versym)
			versions = section;
		if (symbols || shdr.sh_type != (dynamic ? SHT_DYNSYM : SHT_SYMTAB))
			continue;
		if (shdr.sh_entsize != sizeof(Elf64_Sym))
			return false;
		symbols = section;
		table.strings = shdr.sh_link;
	}
	table.symbols = symbols ? elf_getdata(symbols, NULL) : NULL;
	if (!table.symbols)
		return false;
	table.versions = versions ? elf_getdata(versions, NULL) : NULL;
	table.nr_symbols = table.symbols->d_size / sizeof(Elf64_Sym);
	*ret = table;
	return true;
}

/* @at is what follows the name in .symtab: "", "@VERSION" or "@@DEFAULT". */
static enum rank rank_of(const struct table *table, size_t nr, const GElf_Sym *symbol,
			 const char *at)
{
	GElf_Versym version;

	if (GELF_ST_BIND(symbol->st_info) == STB_LOCAL)
		return table->dynamic ? RANK_NONE : RANK_LOCAL;
	if (!table->dynamic)
		return at[0] == '@' && at[1] != '@' ? RANK_GLOBAL_OLD : RANK_GLOBAL;
	if (table->versions && gelf_getversym(table->versions, (int)nr, &version) &&
	    (version & 0x8000)) /* hidden: not what a program linked today gets */
		return RANK_DYNAMIC_OLD;
	return RANK_DYNAMIC;
}

static void consider(const struct elf_image *image, const struct table *table, size_t nr,
		     struct wanted *hash)
{
	struct wanted *wanted;
	enum rank rank;
	GElf_Sym symbol;
	const char *name;
	unsigned int type;
	uint64_t offset;
	size_t len;

	if (!gelf_getsym(table->symbols, (int)nr, &symbol) || symbol.st_shndx == SHN_UNDEF)
		return;
	type = GELF_ST_TYPE(symbol.st_info);
	if (type != STT_FUNC && type != STT_GNU_IFUNC)
		return;
	name = elf_strptr(elf_image_handle(image), table->strings, symbol.st_name);
	if (!name)
		return;
	len = table->dynamic ? strlen(name) : strcspn(name, "@");
	HASH_FIND(hh, hash, name, len, wanted);
	if (!wanted)
		return;
	rank = rank_of(table, nr, &symbol, name + len);
	if (rank <= wanted->rank || !elf_image_is_code(image, symbol.st_value) ||
	    elf_image_vaddr_to_offset(image, symbol.st_value, &offset))
		return;
	wanted->rank = rank;
	wanted->symbol = (struct elf_symbol){
		.vaddr = symbol.st_value,
		.offset = offset,
		.size = symbol.st_size,
		.dynamic = table->dynamic,
		.ifunc = type == STT_GNU_IFUNC,
	};
}

static void search(const struct elf_image *image, bool dynamic, struct wanted *hash)
{
	struct table table;

	if (!find_table(elf_image_handle(image), dynamic, &table))
		return;
	for (size_t nr = 0; nr < table.nr_symbols; nr++)
		consider(image, &table, nr, hash);
}

int elf_image_find_symbols(const struct elf_image *image, const char *const *names, size_t nr_names,
			   struct elf_symbol *ret)
{
	struct wanted *wanted, *hash = NULL, *found;
	bool complete = true;

	wanted = calloc(nr_names + 1, sizeof(*wanted));
	if (!wanted)
		return -ENOMEM;
	for (size_t i = 0; i < nr_names; i++) {
		HASH_FIND_STR(hash, names[i], found);
		if (found)
			continue;
		wanted[i].name = names[i];
		HASH_ADD_KEYPTR(hh, hash, wanted[i].name, strlen(names[i]), &wanted[i]);
	}
	search(image, true, hash);
	for (found = hash; found; found = found->hh.next)
		complete &= found->rank != RANK_NONE;
	/* .symtab may be tens of megabytes. */
	if (!complete)
		search(image, false, hash);
	for (size_t i = 0; i < nr_names; i++) {
		HASH_FIND_STR(hash, names[i], found);
		ret[i] = found->symbol;
		if (found->rank != RANK_NONE)
			ret[i].name = names[i];
	}
	HASH_CLEAR(hh, hash);
	free(wanted);
	return 0;
}

int elf_image_find_variable(const struct elf_image *image, const char *name, uint64_t *ret_vaddr)
{
	struct table table;
	GElf_Sym symbol;

	if (!find_table(elf_image_handle(image), true, &table))
		return -ENOENT;
	for (size_t nr = 0; nr < table.nr_symbols; nr++) {
		const char *found;

		if (!gelf_getsym(table.symbols, (int)nr, &symbol) || symbol.st_shndx == SHN_UNDEF ||
		    GELF_ST_TYPE(symbol.st_info) != STT_OBJECT)
			continue;
		found = elf_strptr(elf_image_handle(image), table.strings, symbol.st_name);
		if (found && !strcmp(found, name)) {
			*ret_vaddr = symbol.st_value;
			return 0;
		}
	}
	return -ENOENT;
}

static int visit_table(const struct elf_image *image, const struct table *table,
		       int (*visit)(const struct elf_named *symbol, void *arg), void *arg)
{
	int result = 0;

	for (size_t nr = 0; nr < table->nr_symbols && !result; nr++) {
		struct elf_named named;
		GElf_Sym symbol;
		unsigned int type;

		if (!gelf_getsym(table->symbols, (int)nr, &symbol) || symbol.st_shndx == SHN_UNDEF)
			continue;
		type = GELF_ST_TYPE(symbol.st_info);
		if (type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_OBJECT &&
		    type != STT_TLS)
			continue;
		named.name = elf_strptr(elf_image_handle(image), table->strings, symbol.st_name);
		if (!named.name)
			continue;
		named.length = strcspn(named.name, "@");
		named.vaddr = symbol.st_value;
		named.size = symbol.st_size;
		named.dynamic = table->dynamic;
		named.function = type != STT_OBJECT && type != STT_TLS;
		named.thread = type == STT_TLS;
		result = visit(&named, arg);
	}
	return result;
}

int elf_image_each_symbol(const struct elf_image *image,
			  int (*visit)(const struct elf_named *symbol, void *arg), void *arg)
{
	struct table table;
	int result = 0;

	for (int dynamic = 1; dynamic >= 0 && !result; dynamic--)
		if (find_table(elf_image_handle(image), dynamic, &table))
			result = visit_table(image, &table, visit, arg);
	return result;
}
