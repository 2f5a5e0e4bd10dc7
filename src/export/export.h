/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writers: a profile in, bytes out. One file and one row of the table per format; a writer reads
 * nothing but the profile and its options, so every one is tested from a literal profile.
 */
#ifndef HEAPTAP_EXPORT_EXPORT_H
#define HEAPTAP_EXPORT_EXPORT_H

#include <stdio.h>

#include "export/group.h"
#include "profile/profile.h"

struct export_options {
	enum metric metric; /* for formats that carry one value */
	unsigned int top;   /* rows of a table; 0 = all */
	unsigned int width; /* columns of a terminal; 0 = unlimited */
	enum group_by by;   /* table: a row for each group; stacks: it is the root */
	bool color;
	bool stacks;   /* table: a row for every call stack, with the stack under it */
	bool lines;    /* lines of code are told apart, not functions */
	bool inverted; /* stacks begin at the leaf; table: a row for each caller */
	bool cut;      /* stacks begin at the function whose callers are asked for */
	bool verbose;  /* table: every note of the run at the end */
	/* Totals of what the profile was chosen from, shares are of these; NULL: it is all. */
	const int64_t *whole;
};

struct export_format {
	const char *name;   /* "-f NAME" */
	const char *suffix; /* chosen when an output's name ends so; NULL for none */
	const char *help;
	bool binary;	    /* not for a terminal */
	bool positive_only; /* leaves out samples whose value is negative */
	bool grouped;	    /* knows what options.by, .lines and .inverted are */
	bool tells_shown;   /* shows the note "shown": of how much it is a part */
	/* 0 or -errno; errors of @out's own writing are left to its ferror(). */
	int (*write)(const struct profile *profile, const struct export_options *options,
		     FILE *out);
};

/* NULL-terminated by a row without a name. */
extern const struct export_format export_formats[];

/* NULL when there is none. */
const struct export_format *export_format_by_name(const char *name);
const struct export_format *export_format_by_file(const char *path);

#endif
