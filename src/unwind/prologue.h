/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does code without FDEs keep frame pointers? By how many functions in it begin as such functions
 * do: V8's builtins have a prologue every kilobyte, musl's code none.
 */
#ifndef HEAPTAP_UNWIND_PROLOGUE_H
#define HEAPTAP_UNWIND_PROLOGUE_H

#include <stdbool.h>
#include <stdint.h>

struct elf_image;

/* Of the code [start, end); false when it cannot be read. */
bool prologue_is_common(const struct elf_image *image, uint64_t start, uint64_t end);

#endif
