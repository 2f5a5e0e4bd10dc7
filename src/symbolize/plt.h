/* SPDX-License-Identifier: Apache-2.0 */
/* Names of procedure linkage table stubs, which have no symbols of their own. */
#ifndef HEAPTAP_SYMBOLIZE_PLT_H
#define HEAPTAP_SYMBOLIZE_PLT_H

#include <stddef.h>
#include <stdint.h>

#include <libelf.h>

/* "malloc@plt" into @name when @vaddr is in a stub of .plt, .plt.sec or .plt.got. 0 or -ENOENT. */
int plt_find(Elf *elf, uint64_t vaddr, char *name, size_t size);

#endif
