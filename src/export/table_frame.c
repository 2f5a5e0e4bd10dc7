// SPDX-License-Identifier: Apache-2.0
/*
 * A name is cut before its file is: a file that is cut leads nowhere. Where there is too little
 * room for both the name is there alone.
 */
#include "export/table_frame.h"

#include <inttypes.h>
#include <string.h>

#include "export/text.h"

#define MIN_NAME 20 /* columns a name that is cut keeps beside its file */
#define INLINED	 " (inlined)"

void table_frame_put(FILE *out, const struct stack_frame *frame, unsigned int columns)
{
	unsigned int place = 0;
	char line[TEXT_SIZE] = "";
	const char *file = stack_frame_file(frame);

	if (*file) {
		if (frame->line > 0)
			snprintf(line, sizeof(line), ":%" PRId64, frame->line);
		place = 2 + (unsigned int)(strlen(file) + strlen(line));
	}
	if (columns && columns < place + MIN_NAME && columns < place + text_columns(frame->name))
		place = 0;
	text_put(out, frame->name, columns ? columns - place : 0);
	if (!place)
		return;
	fputs("  ", out);
	text_put(out, file, 0);
	fputs(line, out);
}

void table_stack_put(FILE *out, const struct stack *stack, unsigned int columns)
{
	for (uint32_t i = 0; i < stack->nr_frames; i++) {
		const char *end = stack->frames[i].inlined ? INLINED : "";

		fprintf(out, "%*s", 12, "");
		table_frame_put(out, &stack->frames[i], columns ? columns - strlen(end) : 0);
		fprintf(out, "%s\n", end);
	}
}
