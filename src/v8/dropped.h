/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deoptimization data that V8 took from its code. When code is marked for deoptimization while no
 * stack has it, V8 (Deoptimizer::DeoptimizeMarkedCode) puts an empty array in their place, often
 * some milliseconds after the sample whose frame they would explain. The old array stays in memory,
 * as garbage, until the collector comes by.
 */
#ifndef HEAPTAP_V8_DROPPED_H
#define HEAPTAP_V8_DROPPED_H

#include "v8/code.h"

/* Is @deopt the empty array? */
bool v8_dropped_is(struct v8_heap *heap, uint64_t deopt);

/* The array that @code had before: one that speaks of the call that returns to @pc. Whose it is
 * must still be checked. -ESTALE when it is not there any more. */
int v8_dropped_find(struct v8_heap *heap, const struct v8_code *code, uint64_t pc, uint64_t *ret);

#endif
