/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which line of a stack to name as the one that holds the memory: the first frame, from the leaf,
 * that is not the allocator itself or a library's wrapper of it (operator new, std::vector,
 * alloc::alloc, g_malloc, PyMem_Malloc ...). The wrappers are a table of name patterns; below a
 * program's own JavaScript also all that belongs to its runtime.
 */
#ifndef HEAPTAP_PROFILE_SITE_H
#define HEAPTAP_PROFILE_SITE_H

#include "profile/stack.h"

/*
 * Index in stack->frames. When every frame is a wrapper the outermost one, never the mark of a cut
 * stack; 0 for an empty stack.
 */
uint32_t site_frame(const struct stack *stack);

/*
 * What makes @frame one site with that of another stack of the profile: function and file, of
 * JavaScript, where most functions are called "(anonymous)", the line where it begins too; with
 * @lines also the line itself.
 */
#define SITE_KEY_WORDS 3
void site_key(const struct stack *stack, uint32_t frame, bool lines, uint64_t ret[SITE_KEY_WORDS]);

/* @name as a demangler shows it: with or without return type, arguments and template arguments. */
bool site_is_wrapper(const char *name);

#endif
