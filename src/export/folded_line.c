// SPDX-License-Identifier: Apache-2.0
/*
 * The readers (flamegraph.pl, inferno, speedscope) split at ';' and take the last number of a line,
 * so names are changed: ';' becomes ':', control characters become blanks, and a name these readers
 * would take for something else is put in double quotes: a leaf that ends in a blank and a number
 * ("thread 12"), a comm that begins with '#' (a comment line). Take the quotes off to get it back.
 */
#include "export/folded_line.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "name 12" or "name 1.5": the end of a line to the readers. */
static bool ends_in_number(const char *name)
{
	const char *p = name + strlen(name);

	while (p > name && (isdigit((unsigned char)p[-1]) || p[-1] == '.'))
		p--;
	return *p && p > name && (unsigned char)p[-1] <= ' ';
}

/* Room for @size more bytes. 0 or -ENOMEM. */
static int reserve(struct folded_line *line, size_t size)
{
	size_t max_size = 2 * (line->size + size);
	char *text;

	if (line->size + size <= line->max_size)
		return 0;
	text = realloc(line->text, max_size);
	if (!text)
		return -ENOMEM;
	line->text = text;
	line->max_size = max_size;
	return 0;
}

static int add_name(struct folded_line *line, const char *name, bool quoted)
{
	size_t length = strlen(name);
	int err = reserve(line, length + 3);
	char *to;

	if (err)
		return err;
	to = line->text + line->size;
	if (quoted)
		*to++ = '"';
	for (size_t i = 0; i < length; i++) {
		unsigned char c = name[i];

		*to++ = c == ';' ? ':' : c < ' ' || c == 0x7f ? ' ' : c;
	}
	if (quoted)
		*to++ = '"';
	*to++ = ';';
	line->size = to - line->text;
	return 0;
}

/* "functionName file:12": of a JavaScript frame the name alone says little, and --lines wants it of
 * every one. Evaluated code is in no file: "<anonymous>:12", as V8 writes it. */
static int add_placed(struct folded_line *line, const struct stack_frame *frame, bool leaf,
		      bool with_lines)
{
	const char *file = *frame->file ? frame->file : "<anonymous>";
	char *name;
	int err;

	if (with_lines)
		err = asprintf(&name, "%s %s:%" PRId64, frame->name, file, frame->line);
	else
		err = asprintf(&name, "%s %s", frame->name, file);
	if (err < 0)
		return -ENOMEM;
	err = add_name(line, name, leaf && ends_in_number(name));
	free(name);
	return err;
}

/* Frames are stored leaf first. */
int folded_line_make(struct folded_line *line, const char *comm, const struct stack *stack,
		     bool with_lines)
{
	int err;

	line->size = 0;
	err = add_name(line, comm, *comm == '#' || (!stack->nr_frames && ends_in_number(comm)));
	for (uint32_t i = stack->nr_frames; i-- > 0 && !err;) {
		const struct stack_frame *frame = &stack->frames[i];

		if (frame->javascript || (stack->lines && *frame->file && frame->line > 0))
			err = add_placed(line, frame, i == 0, with_lines);
		else
			err = add_name(line, frame->name, i == 0 && ends_in_number(frame->name));
	}
	if (!err)
		line->text[--line->size] = '\0'; /* the last ';' */
	return err;
}

void folded_line_done(struct folded_line *line)
{
	free(line->text);
	*line = (struct folded_line){0};
}
