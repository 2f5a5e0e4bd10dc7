// SPDX-License-Identifier: Apache-2.0
/*
 * Folded stacks: "comm;root;...;caller;malloc 12345", one line for each stack of names.
 *
 * The readers (flamegraph.pl, inferno, speedscope) split at ';' and take the last number of a line,
 * so names are changed: ';' becomes ':', control characters become blanks, and a name these readers
 * would take for something else is put in double quotes: a leaf that ends in a blank and a number
 * ("thread 12"), a comm that begins with '#' (a comment line). Take the quotes off to get it back.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/table_rows.h"
#include "export/writers.h"

/* "name 12" or "name 1.5": the end of a line to the readers. */
static bool ends_in_number(const char *name)
{
	const char *p = name + strlen(name);

	while (p > name && (isdigit((unsigned char)p[-1]) || p[-1] == '.'))
		p--;
	return *p && p > name && (unsigned char)p[-1] <= ' ';
}

/* A line put together; names are most of the output, so they are copied byte by byte only once. */
struct line {
	char *text;
	size_t size, max_size;
};

/* Room for @size more bytes. 0 or -ENOMEM. */
static int reserve(struct line *line, size_t size)
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

static int add_name(struct line *line, const char *name, bool quoted)
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
static int add_placed(struct line *line, const struct stack_frame *frame, bool leaf)
{
	char *name;
	int err;

	if (asprintf(&name, "%s %s:%" PRId64, frame->name,
		     *frame->file ? frame->file : "<anonymous>", frame->line) < 0)
		return -ENOMEM;
	err = add_name(line, name, leaf && ends_in_number(name));
	free(name);
	return err;
}

/* Frames are stored leaf first. */
static int make_line(struct line *line, const char *comm, const struct stack *stack)
{
	int err;

	line->size = 0;
	err = add_name(line, comm, *comm == '#' || (!stack->nr_frames && ends_in_number(comm)));
	for (uint32_t i = stack->nr_frames; i-- > 0 && !err;) {
		const struct stack_frame *frame = &stack->frames[i];

		if (frame->javascript || (stack->lines && *frame->file && frame->line > 0))
			err = add_placed(line, frame, i == 0);
		else
			err = add_name(line, frame->name, i == 0 && ends_in_number(frame->name));
	}
	return err;
}

int folded_write(const struct profile *profile, const struct export_options *options, FILE *out)
{
	enum group_by by = options->by == BY_NOTHING ? BY_COMM : options->by;
	const struct profile_sample *sample;
	char root[600];
	struct line line = {0};
	struct table_rows rows = {0};
	struct stack stack;
	int64_t value;
	int err;

	err = stack_init(&stack, profile);
	stack.lines = options->lines;
	stack.inverted = options->inverted;
	if (!err)
		err = table_rows_build(&rows, &stack, ROWS_BY_NAMES, by);
	for (uint32_t i = 0; i < rows.nr_rows && !err; i++) {
		value = rows.rows[i].values[options->metric];
		if (value <= 0)
			continue;
		sample = &profile->samples[rows.rows[i].sample];
		err = stack_load(&stack, sample);
		if (!err)
			group_root(profile, sample, by, root, sizeof(root));
		if (!err)
			err = make_line(&line, root, &stack);
		if (!err) {
			fwrite(line.text, 1, line.size - 1, out); /* without the last ';' */
			fprintf(out, " %" PRId64 "\n", value);
		}
	}
	free(line.text);
	table_rows_done(&rows);
	stack_done(&stack);
	return err;
}
