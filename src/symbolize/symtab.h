/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The function symbols of one object, from as many symbol tables as it has, by address. Names stay
 * in the string tables: an Elf handle that was added must outlive the index.
 */
#ifndef HEAPTAP_SYMBOLIZE_SYMTAB_H
#define HEAPTAP_SYMBOLIZE_SYMTAB_H

#include <stddef.h>
#include <stdint.h>

#include <libelf.h>

struct symtab;

struct symtab *symtab_new(void); /* NULL when out of memory */
void symtab_free(struct symtab *symtab);

/*
 * Adds the functions of the table of @type (SHT_SYMTAB or SHT_DYNSYM), @bias added to their
 * addresses. Returns how many, -ENOENT without such a table, -EINVAL when it is broken, -ENOMEM.
 */
long symtab_add(struct symtab *symtab, Elf *elf, uint32_t type, uint64_t bias);
/* To be called after the last addition, before the first search. */
void symtab_sort(struct symtab *symtab);

/* @length bytes of @name, without symbol version and not terminated there. */
struct symbol_name {
	const char *name;
	size_t length;
};

/*
 * The function that holds @vaddr: -ENOENT when none does, however near the next symbol below is. A
 * symbol without size reaches to the next symbol of its section. Among aliases it is the one
 * people know: functions before labels, names without leading underscores, global before weak
 * before local, short before long, then the order of strcmp.
 */
int symtab_find(const struct symtab *symtab, uint64_t vaddr, struct symbol_name *ret);

#endif
