/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stack that came as raw bytes, unwound in user space by the same tables and the same step.
 */
#ifndef HEAPTAP_COLLECT_COPY_WALK_H
#define HEAPTAP_COLLECT_COPY_WALK_H

#include "collect/tables.h"
#include "heaptap/wire.h"

struct walked {
	uint32_t nr_pcs;
	enum ht_stack_end end;
	uint64_t pcs[HT_MAX_FRAMES];
};

void copy_walk(const struct tables *tables, const struct space *space,
	       const struct ht_copy_event *copy, struct walked *ret);

#endif
