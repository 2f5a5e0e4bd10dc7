/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writers of trends: histories with their verdicts in, bytes out. As in export.h, one file and one
 * row of the table per format.
 */
#ifndef HEAPTAP_EXPORT_TREND_VIEW_H
#define HEAPTAP_EXPORT_TREND_VIEW_H

#include "export/export.h"
#include "export/text.h"
#include "profile/history.h"

struct trend_target {
	char *name;   /* the directory of its profiles */
	char *source; /* history_source() of them */
	bool several; /* there are profiles of other sources in it: another target has them */
	struct history history;
};

struct trend_view {
	const char *directory;
	uint32_t nr_targets;
	const struct trend_target *targets;
	uint32_t nr_skipped; /* files that are no profiles of what is held */
	double threshold;    /* bytes per second */
	double limit;	     /* bytes; 0: that of the control group */
};

struct trend_format {
	const char *name;   /* "-f NAME" */
	const char *suffix; /* chosen when an output's name ends so */
	/* 0 or -errno; errors of @out's own writing are left to its ferror(). */
	int (*write)(const struct trend_view *view, const struct export_options *options,
		     FILE *out);
};

/* NULL-terminated by a row without a name. */
extern const struct trend_format trend_formats[];

/* NULL when there is none. */
const struct trend_format *trend_format_by_name(const char *name);
const struct trend_format *trend_format_by_file(const char *path);

/* --- for the writers ---------------------------------------------------------------------------
 */

/* When a target that leaks is at its limit. */
struct trend_forecast {
	enum history_measure measure; /* that grows into it */
	double limit, now;	      /* bytes */
	double seconds;		      /* from the last profile on; 0: it is there */
};
/* false: there is no limit, or nothing that is held against it leaks. */
bool trend_forecast(const struct trend_view *view, const struct history *history,
		    struct trend_forecast *ret);

/* "+12.3M/h", "-40K/h" of bytes per second. Returns @text. */
char *trend_growth_text(char text[TEXT_SIZE + 4], double growth);

/* How many sites a reader is shown: the first ones, without those that have no growth. */
uint32_t trend_shown_sites(const struct history *history, unsigned int top);

int trend_table_write(const struct trend_view *view, const struct export_options *options,
		      FILE *out);
int trend_json_write(const struct trend_view *view, const struct export_options *options,
		     FILE *out);
int trend_svg_write(const struct trend_view *view, const struct export_options *options, FILE *out);

#endif
