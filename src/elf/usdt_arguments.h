/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the arguments of a USDT probe are: as the assembler's operands of its note say, on x86-64.
 */
#ifndef HEAPTAP_ELF_USDT_ARGUMENTS_H
#define HEAPTAP_ELF_USDT_ARGUMENTS_H

#include <stddef.h>

#include "heaptap/told.h"

/*
 * The first @nr arguments of @text, "8@%rdi -4@-8(%rbp) 8@$5". 0; -EINVAL when there are fewer or
 * one is not of these forms, -ENOTSUP for one that is but cannot be read by its registers (a
 * symbol, a vector register).
 */
int usdt_arguments_parse(const char *text, size_t nr, struct ht_told_argument *ret);

#endif
