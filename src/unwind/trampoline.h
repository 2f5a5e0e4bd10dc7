/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code that returns from a signal handler and has no FDE: musl's __restore_rt, Go's sigreturn. It
 * is known by its bytes, as it is to libgcc and gdb.
 */
#ifndef HEAPTAP_UNWIND_TRAMPOLINE_H
#define HEAPTAP_UNWIND_TRAMPOLINE_H

#include <stdbool.h>
#include <stdint.h>

#define TRAMPOLINE_SIZE 9 /* bytes */

struct elf_image;

/* The first one in [start, end) of the code; false when there is none, or the code is not there. */
bool trampoline_find(const struct elf_image *image, uint64_t start, uint64_t end, uint64_t *ret);

#endif
