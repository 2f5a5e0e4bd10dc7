/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows and facts of the live view as lines of text, for the terminal (sizes to be read) and for
 * plain text (numbers to be added up). Foreign names in them are fit to be shown.
 */
#ifndef HEAPTAP_CMD_TOP_LINES_H
#define HEAPTAP_CMD_TOP_LINES_H

#include <stdbool.h>
#include <stdio.h>

#include "cmd/top_facts.h"
#include "cmd/top_rows.h"

enum top_tone { TOP_PLAIN, TOP_STRONG, TOP_LOST, TOP_PARTIAL };

/* Of the header, without newline. */
struct top_line {
	enum top_tone tone;
	char text[1024];
};

#define TOP_MAX_HEADER 7

/* How a line is to look. */
struct top_style {
	bool exact;  /* bytes, not sizes */
	bool narrow; /* little room: no share, no number of probe hits */
};

/* Losses come before figures. Returns how many lines. */
unsigned int top_lines_header(const struct top_rows *rows, const struct top_facts *facts,
			      struct top_style style, struct top_line ret[TOP_MAX_HEADER]);

/* The titles of the columns, the one that sorts marked; and a row of figures with its name, or the
 * same for the total. No newline. */
void top_lines_titles(FILE *out, const struct top_rows *rows, struct top_style style);
void top_lines_row(FILE *out, const struct top_rows *rows, const struct top_history *history,
		   const char *name, struct top_style style);

/* Every stack of @row, the largest first, with all its frames. 0 or -ENOMEM. */
int top_lines_stacks(FILE *out, struct top_rows *rows, uint32_t row);

/* A column as the user types it, "live" "growth" "alloc" "objects" "bytes" "age" "site"; -EINVAL.
 */
int top_lines_parse_column(const char *name, enum top_column *ret);

/* The @index-th name of a column to sort by, NULL behind the last. */
const char *top_lines_column(unsigned int index);

#endif
