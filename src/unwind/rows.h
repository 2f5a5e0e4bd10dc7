/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows and their dictionary of rules while a table is being built: appended in order of address; a
 * row that says the same as the last one is not stored.
 *
 * Invariant: addresses grow strictly; neighbours differ; rules[0] is NONE and no rule is there
 * twice.
 */
#ifndef HEAPTAP_UNWIND_ROWS_H
#define HEAPTAP_UNWIND_ROWS_H

#include <stdint.h>

#include "heaptap/unwind.h"

#define ROWS_MAX       (8U << 20) /* 64 MiB; libLLVM has 0.8 million */
#define ROWS_MAX_RULES UINT16_MAX

struct rows {
	uint32_t nr_rows, max_rows;
	uint32_t nr_rules;
	uint64_t *rows; /* HT_ROW */
	struct ht_rule *rules;
	uint16_t *index; /* hash table of rules */
	int err;	 /* the first failure; from then on nothing is added */
};

/* 0 or -ENOMEM. */
int rows_init(struct rows *rows);
void rows_done(struct rows *rows);

/* What holds from @address on, instead of what was said of it before. rows->err is set to -E2BIG or
 * -ENOMEM. When all numbers of rules are given, further rules become HT_CFA_BAD. */
void rows_add(struct rows *rows, uint32_t address, struct ht_rule rule);

#endif
