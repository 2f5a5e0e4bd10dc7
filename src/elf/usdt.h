/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes that a program declares itself: the notes of sys/sdt.h (USDT), which say where a probe is,
 * where its arguments are when it is reached, and where the number of those who listen is.
 */
#ifndef HEAPTAP_ELF_USDT_H
#define HEAPTAP_ELF_USDT_H

#include <stdint.h>

#include "elf/image.h"

struct usdt_probe {
	const char *name;
	uint64_t vaddr;	       /* of its nop */
	uint64_t semaphore;    /* offset in the file of a 16-bit count of listeners; 0: none */
	const char *arguments; /* "8@%rdi -4@-8(%rbp) 8@$5" */
};

/*
 * Calls @visit for every probe of @provider; stops when it returns non-zero, and returns that.
 * Broken notes are passed over. Strings are the image's.
 */
int usdt_each(const struct elf_image *image, const char *provider,
	      int (*visit)(const struct usdt_probe *probe, void *arg), void *arg);

#endif
