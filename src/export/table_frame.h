/* SPDX-License-Identifier: Apache-2.0 */
/* Frames as the tables show them. */
#ifndef HEAPTAP_EXPORT_TABLE_FRAME_H
#define HEAPTAP_EXPORT_TABLE_FRAME_H

#include <stdio.h>

#include "profile/stack.h"

/* "name  file.c:12" in at most @columns (0: any). */
void table_frame_put(FILE *out, const struct stack_frame *frame, unsigned int columns);

/* Every frame on a line of its own, below a row. */
void table_stack_put(FILE *out, const struct stack *stack, unsigned int columns);

#endif
