/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots of the global offset table that the dynamic linker fills with the address of a symbol:
 * through them an object calls what another one may define.
 */
#ifndef HEAPTAP_ELF_SLOTS_H
#define HEAPTAP_ELF_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include <libelf.h>

#include "elf/image.h"

/*
 * Calls @visit for every slot that has a relocation with a symbol; stops when it returns non-zero,
 * and returns that. @symbol is of .dynsym, may have a version behind @, and is owned by @elf.
 */
int slots_each(Elf *elf, int (*visit)(uint64_t slot, const char *symbol, void *arg), void *arg);
int slots_each_in(const struct elf_image *image,
		  int (*visit)(uint64_t slot, const char *symbol, void *arg), void *arg);

#endif
