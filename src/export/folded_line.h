/* SPDX-License-Identifier: Apache-2.0 */
/* A stack on one line: "comm;root;...;caller;malloc", for readers of folded stacks. */
#ifndef HEAPTAP_EXPORT_FOLDED_LINE_H
#define HEAPTAP_EXPORT_FOLDED_LINE_H

#include "profile/stack.h"

/* Names are most of the output, so they are copied byte by byte only once, into a buffer that is
 * used again. A zeroed one is ready. */
struct folded_line {
	char *text; /* ends in NUL */
	size_t size, max_size;
};

/* @with_lines: JavaScript frames say the line they are at, not only their script. 0 or -ENOMEM. */
int folded_line_make(struct folded_line *line, const char *comm, const struct stack *stack,
		     bool with_lines);
void folded_line_done(struct folded_line *line);

#endif
