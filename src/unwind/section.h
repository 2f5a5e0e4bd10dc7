/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an ELF file holds for unwinding: the extent of its code and the bytes of its .eh_frame, read
 * into memory (never mapped: a file that shrinks costs an error and not a SIGBUS).
 */
#ifndef HEAPTAP_UNWIND_SECTION_H
#define HEAPTAP_UNWIND_SECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/diag.h"

#define SECTION_MAX_SIZE (128UL << 20) /* of .eh_frame; Chromium's has 20 MiB */
#define SECTION_MAX_CODE (1UL << 30)   /* from the first to the last byte of code */
#define SECTION_MAX_ID	 128	       /* characters of a build id with its NUL */

struct elf_image;

struct section {
	struct elf_image *image; /* of the same file, for reading code */
	char build_id[SECTION_MAX_ID];
	uint64_t code_start, code_size; /* vaddr, rounded down to a page; bytes in the file */
	uint8_t *bytes;			/* of .eh_frame; NULL when there is none */
	size_t size;
	uint64_t vaddr;
	bool is_bounded; /* size is the section's; otherwise its terminator ends it */
};

/*
 * @fd stays the caller's and must stay open. The section is found by its name, without section
 * headers through PT_GNU_EH_FRAME. 0; -ENOEXEC not ELF, -ENOTSUP not for x86-64, -E2BIG more than
 * the limits, -EINVAL broken, or what reading said; @diag says it without a name for the file.
 * section_done() allows what is zeroed.
 */
int section_read(int fd, struct section *ret, struct diag *diag);
void section_done(struct section *section);

#endif
