/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What small accessor functions of a binary return, read from their machine code, and what a
 * pointer in it will be when the dynamic linker is done: for symbols that are not there.
 */
#ifndef HEAPTAP_V8_RELOCATED_H
#define HEAPTAP_V8_RELOCATED_H

#include <stdint.h>

#include "elf/image.h"

/* The vaddr that "return variable;" or "return address;" at @function gives. -ENOTSUP when it is
 * other code than compilers make of that. */
int v8_relocated_pointer(const struct elf_image *image, uint64_t function, uint64_t *ret);

/* The same for "return number;" of 32 bits. */
int v8_relocated_number(const struct elf_image *image, uint64_t function, uint32_t *ret);

#endif
