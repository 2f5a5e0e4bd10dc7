// SPDX-License-Identifier: Apache-2.0
/* The formulas are in heaptap/sampling.h. */
#include "collect/sampling_tables.h"

#include <math.h>

void sampling_tables_fill(uint32_t weight[HT_WEIGHT_SIZE], uint32_t ln[HT_LN_SIZE])
{
	for (int i = 0; i < HT_WEIGHT_SIZE; i++) {
		double x = ldexp(i, HT_WEIGHT_STEP_SHIFT - 20);

		weight[i] = lround((i ? x / -expm1(-x) : 1.0) * (1 << 20));
	}
	for (int i = 0; i < HT_LN_SIZE; i++)
		ln[i] = lround(-log(0.5 + i / 512.0) * (1 << 20));
}
