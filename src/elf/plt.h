/* SPDX-License-Identifier: Apache-2.0 */
/* Names of procedure linkage table stubs, which have no symbols of their own. */
#ifndef HEAPTAP_ELF_PLT_H
#define HEAPTAP_ELF_PLT_H

#include <stddef.h>
#include <stdint.h>

#include <libelf.h>

#include "elf/image.h"

/* "malloc" into @name when @vaddr is in its stub in .plt, .plt.sec or .plt.got. 0 or -ENOENT. */
int plt_find(Elf *elf, uint64_t vaddr, char *name, size_t size);
int plt_find_in(const struct elf_image *image, uint64_t vaddr, char *name, size_t size);

#endif
