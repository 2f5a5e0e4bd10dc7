/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dictionary of rules in the kernel: one for all tables, since the same rules are in most.
 *
 * Invariant: the HT_RULE_* are what they are called, and no number ever changes
 * its rule.
 */
#ifndef HEAPTAP_COLLECT_RULE_MAP_H
#define HEAPTAP_COLLECT_RULE_MAP_H

#include <stdint.h>

#include "heaptap/unwind.h"

struct rule_map {
	uint64_t *words; /* mapped */
	uint32_t nr, max;
	struct rule_number *numbers; /* private */
};

/* @fd is an array map of @max words that can be mapped; it stays the caller's. 0 or -errno.
 * rule_map_done() allows what is zeroed. */
int rule_map_init(struct rule_map *map, int fd, uint32_t max);
void rule_map_done(struct rule_map *map);

/* The number of @rule, a new one when it has none. 0, -ENOSPC or -ENOMEM. */
int rule_map_number(struct rule_map *map, struct ht_rule rule, uint16_t *ret);

#endif
