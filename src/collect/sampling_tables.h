/* SPDX-License-Identifier: Apache-2.0 */
/* The fixed-point tables of heaptap/sampling.h, which the programs cannot compute, and their first
 * draws.
 */
#ifndef HEAPTAP_COLLECT_SAMPLING_TABLES_H
#define HEAPTAP_COLLECT_SAMPLING_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "heaptap/sampling.h"

void sampling_tables_fill(uint32_t weight[HT_WEIGHT_SIZE], uint32_t ln[HT_LN_SIZE]);

/* The first gap of each CPU into @map of struct ht_countdown, drawn as all others are: 0 would make
 * the first allocation a sample. 0 or -errno. */
int sampling_seed(int map, uint64_t rate, const uint32_t ln[HT_LN_SIZE]);

/* The unit of variances. For a rate that may grow (@governed): fine enough for the smallest it is
 * raised to, and not too fine for what fits 64 bits at the largest. */
uint64_t sampling_base_rate(uint64_t rate, bool governed);

#endif
