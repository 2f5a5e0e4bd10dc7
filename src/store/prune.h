/* SPDX-License-Identifier: Apache-2.0 */
/* Keeping a store small. Only files that recordings left are removed. */
#ifndef HEAPTAP_STORE_PRUNE_H
#define HEAPTAP_STORE_PRUNE_H

#include "store/profiles.h"

struct prune_options {
	uint32_t keep;	  /* the newest of each series; 0: all */
	int64_t keep_for; /* seconds; 0: for ever */
};

struct pruned {
	uint32_t nr;
	uint64_t bytes;
};

/*
 * Of one @series (NULL: of all): removes what is not among the newest, and what is older at @now.
 * One from the future (the clock was set back) is not old. Also what a run that was killed had
 * begun to write an hour ago or earlier. 0 or -errno with @diag, of the first that could not be
 * removed, after all others; *ret says what was.
 */
int store_prune(const struct store *store, const char *series, const struct prune_options *options,
		int64_t now, struct pruned *ret, struct diag *diag);

#endif
