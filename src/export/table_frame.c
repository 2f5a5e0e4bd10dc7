// SPDX-License-Identifier: Apache-2.0
/* A name is cut before its file is: a file that is cut leads nowhere. */
#include "export/table_frame.h"

#include <inttypes.h>
#include <string.h>

#include "export/text.h"

#define MIN_NAME 20 /* columns a function's name keeps beside its file */

void table_frame_put(FILE *out, const struct stack_frame *frame, unsigned int columns)
{
	unsigned int place = 0, room;
	char line[TEXT_SIZE] = "";
	const char *file = stack_frame_file(frame);

	if (*file) {
		if (frame->line > 0)
			snprintf(line, sizeof(line), ":%" PRId64, frame->line);
		place = 2 + (unsigned int)(strlen(file) + strlen(line));
	}
	room = columns > place + MIN_NAME ? columns - place : MIN_NAME;
	text_put(out, frame->name, columns ? room : 0);
	if (!*file)
		return;
	fputs("  ", out);
	text_put(out, file, 0);
	fputs(line, out);
}

void table_stack_put(FILE *out, const struct stack *stack, unsigned int columns)
{
	for (uint32_t i = 0; i < stack->nr_frames; i++) {
		fprintf(out, "%*s", 12, "");
		table_frame_put(out, &stack->frames[i], columns);
		fputs(stack->frames[i].inlined ? " (inlined)\n" : "\n", out);
	}
}
