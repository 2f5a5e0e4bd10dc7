/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The profiles of a store, or of any directory, read into histories: one for the directory itself
 * and one for each in it.
 */
#ifndef HEAPTAP_CMD_TREND_FILES_H
#define HEAPTAP_CMD_TREND_FILES_H

#include "export/trend_view.h"

struct trend_files {
	uint32_t nr_targets, max_targets;
	struct trend_target *targets;
	uint32_t nr_skipped;
};

/* @series: only the directory of that name; NULL: all. A file that cannot be taken is named in a
 * warning, unless @quiet, and counted. 0, or -errno after a message. */
int trend_files_read(const char *directory, const char *series, bool quiet,
		     struct trend_files *ret);
void trend_files_done(struct trend_files *files);

#endif
