/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols compressed inside a stripped object (.gnu_debugdata, "minidebuginfo", as Fedora has). */
#ifndef HEAPTAP_SYMBOLIZE_EMBEDDED_H
#define HEAPTAP_SYMBOLIZE_EMBEDDED_H

#include <elfutils/libdwfl.h>

#include "symbolize/mapped.h"

struct embedded {
	Elf *elf; /* NULL when there is none; belongs to dwfl */
	Dwfl *dwfl;
};

/* 0, -ENOENT without such a section or when it cannot be decompressed, -ENOMEM. */
int embedded_open(const struct mapped *object, struct embedded *ret);
void embedded_done(struct embedded *embedded);

#endif
