/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the user asked heaptap top for, between the parser of the options and the run.
 */
#ifndef HEAPTAP_CMD_TOP_H
#define HEAPTAP_CMD_TOP_H

#include "cmd/record.h"
#include "cmd/top_rows.h"

struct top_options {
	struct record_options record; /* whom to watch, how, for how long */
	uint64_t interval_ns;	      /* between two refreshes */
	unsigned int batch;	      /* screens as plain text; 0: a live view in the terminal */
	bool once;
	unsigned int top; /* rows of plain text; 0: all */
	struct top_view view;
	const char *filter; /* NULL: none */
};

/* Returns the exit status. */
int top_run(struct top_options *options);

#endif
