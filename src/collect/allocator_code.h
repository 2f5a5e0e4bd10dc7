/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Was a stack taken inside an allocator, so that what was mapped there is what the allocator hands
 * out? By where its frames lie in the files that are probed: what is on the stack of a function
 * may be there without a probe that is hit.
 */
#ifndef HEAPTAP_COLLECT_ALLOCATOR_CODE_H
#define HEAPTAP_COLLECT_ALLOCATOR_CODE_H

#include <stdbool.h>

#include "collect/attach.h"
#include "collect/choice.h"
#include "collect/stacks.h"
#include "proc/space.h"

/* What is known of each of the attachments' files, once somebody asked. Zeroed nothing is. */
struct allocator_code {
	unsigned int nr;
	struct allocator_pieces *all;
};

/* @choice is that of the process behind @space: allocators it does not use are not counted, so
 * what they map is not theirs. */
bool allocator_code_has(struct allocator_code *code, const struct attachments *attachments,
			const struct choice *choice, const struct space *space,
			const struct stack *stack);

void allocator_code_done(struct allocator_code *code);

#endif
