/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Was a stack taken inside an allocator, so that what was mapped there is what the allocator hands
 * out? By where its frames lie in the files that are probed, whatever their probes are.
 */
#ifndef HEAPTAP_COLLECT_ALLOCATOR_CODE_H
#define HEAPTAP_COLLECT_ALLOCATOR_CODE_H

#include <stdbool.h>

#include "collect/attach.h"
#include "collect/choice.h"
#include "collect/stacks.h"
#include "proc/space.h"

/* @choice is that of the process behind @space: allocators it does not use are not counted, so
 * what they map is not either. */
bool allocator_code_in(const struct attachments *attachments, const struct choice *choice,
		       const struct space *space, const struct stack *stack);

#endif
