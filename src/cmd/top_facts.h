/* SPDX-License-Identifier: Apache-2.0 */
/* What the header of the live view says of the last refresh, beside the sums of its rows. */
#ifndef HEAPTAP_CMD_TOP_FACTS_H
#define HEAPTAP_CMD_TOP_FACTS_H

#include <stdbool.h>
#include <stdint.h>

/* Texts may hold foreign names, as they are. */
struct top_facts {
	char target[384];
	uint64_t elapsed_ns;
	double allocs_per_s; /* since the refresh before */
	double error;	     /* of what is in use, percent; negative: it is exact */
	char rate[64];	     /* "exact", "one sample per 4.0K" */
	char lost[768];	     /* "" when nothing was */
	char partial[512];   /* stacks alone */
	char cost[160];
	char rss[512];
	bool ended;  /* the processes have, and no other can come */
	bool budget; /* the probes were removed */
};

#endif
