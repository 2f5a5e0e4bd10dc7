/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writers of a difference: two profiles and what diff_build() made of them in, bytes out. As in
 * export.h, one file and one row of the table per format.
 */
#ifndef HEAPTAP_EXPORT_DIFF_VIEW_H
#define HEAPTAP_EXPORT_DIFF_VIEW_H

#include "export/export.h"
#include "profile/diff.h"

struct diff_view {
	const struct diff *diff;
	const struct profile *profiles[NR_DIFF_SIDES]; /* for their heads only */
	const char *names[NR_DIFF_SIDES];	       /* their files */
};

struct diff_format {
	const char *name;   /* "-f NAME" */
	const char *suffix; /* chosen when an output's name ends so */
	bool binary;	    /* not for a terminal */
	bool tells_losses;  /* to its reader */
	/* 0 or -errno; errors of @out's own writing are left to its ferror(). */
	int (*write)(const struct diff_view *view, const struct export_options *options, FILE *out);
};

/* NULL-terminated by a row without a name. */
extern const struct diff_format diff_formats[];

/* NULL when there is none. */
const struct diff_format *diff_format_by_name(const char *name);
const struct diff_format *diff_format_by_file(const char *path);

/* --- for the writers ---------------------------------------------------------------------------
 */

/* What a reader must know first: losses of both, then a line for each profile, then what was
 * compared. */
void diff_head(const struct diff_view *view, const struct export_options *options, FILE *out);

/* All entries added up. */
struct diff_entry diff_total(const struct diff *diff);

/* The other one of a pair: objects beside bytes, bytes beside objects. */
enum metric diff_other_metric(enum metric metric);

int diff_table_write(const struct diff_view *view, const struct export_options *options, FILE *out);
int diff_folded_write(const struct diff_view *view, const struct export_options *options,
		      FILE *out);
int diff_json_write(const struct diff_view *view, const struct export_options *options, FILE *out);
int diff_pprof_write(const struct diff_view *view, const struct export_options *options, FILE *out);
int diff_svg_write(const struct diff_view *view, const struct export_options *options, FILE *out);

#endif
