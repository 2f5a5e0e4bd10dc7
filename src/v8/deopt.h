/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What optimized code keeps for going back to the interpreter: at which bytecode it is after each
 * call. The second way to a line, for Maglev's code without source positions (Node 22.0 to 22.8, 23
 * and early 24).
 */
#ifndef HEAPTAP_V8_DEOPT_H
#define HEAPTAP_V8_DEOPT_H

#include "v8/code.h"

/*
 * The bytecode offset in the function that @code is of, at the return address @pc. -ENOENT when it
 * says nothing about that call, or when the call is in an inlined function.
 */
int v8_deopt_find(struct v8_heap *heap, const struct v8_code *code, uint64_t pc, int32_t *ret);

/* Has the array @deopt, taken for that of @code, an entry for the call that returns to @pc? */
bool v8_deopt_covers(struct v8_heap *heap, const struct v8_code *code, uint64_t deopt, uint64_t pc);

#endif
