/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Branches in machine code, found without decoding it: every place whose bytes would be one. Bytes
 * that only look so have a target that is hardly ever the beginning of a function, so whoever asks
 * for those alone gets what there is, at the speed of reading.
 */
#ifndef HEAPTAP_COLLECT_BRANCHES_H
#define HEAPTAP_COLLECT_BRANCHES_H

#include <stdint.h>

#include "elf/image.h"

enum branch_kind {
	BRANCH_CALL,
	BRANCH_JUMP,
	BRANCH_SHORT,	  /* a jump of at most 127 bytes: many bytes look like one */
	BRANCH_CALL_SLOT, /* target is the address of the word that holds the function's address */
	BRANCH_JUMP_SLOT,
	BRANCH_ADDRESS, /* none: the address of the target is taken */
};

struct branch {
	enum branch_kind kind;
	uint64_t from; /* its opcode, behind any prefix */
	uint64_t target;
};

/* Calls @visit for every branch in [@start, @end) of @image. 0 or -errno of reading. */
int branches_each(const struct elf_image *image, uint64_t start, uint64_t end,
		  void (*visit)(const struct branch *branch, void *arg), void *arg);

#endif
