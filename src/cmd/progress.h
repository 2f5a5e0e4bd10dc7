/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line on a terminal while a recording runs: elapsed time, allocations per second, live bytes,
 * cost. Nothing is drawn into a pipe or a file.
 */
#ifndef HEAPTAP_CMD_PROGRESS_H
#define HEAPTAP_CMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/cost.h"
#include "collect/session.h"

struct progress {
	bool enabled;
	uint64_t drawn_ns; /* elapsed time at the last drawing */
	uint64_t allocs;   /* seen until then */
};

void progress_init(struct progress *progress, bool quiet);

/* At most once a second; the cost once it is known what a hit costs. */
void progress_draw(struct progress *progress, struct session *session,
		   struct cost_calibration *calibration, uint64_t elapsed_ns);
void progress_clear(const struct progress *progress);

#endif
