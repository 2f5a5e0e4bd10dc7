/* SPDX-License-Identifier: Apache-2.0 */
/* The fixed-point tables of heaptap/sampling.h, which the programs cannot compute. */
#ifndef HEAPTAP_COLLECT_SAMPLING_TABLES_H
#define HEAPTAP_COLLECT_SAMPLING_TABLES_H

#include <stdint.h>

#include "heaptap/sampling.h"

void sampling_tables_fill(uint32_t weight[HT_WEIGHT_SIZE], uint32_t ln[HT_LN_SIZE]);

#endif
