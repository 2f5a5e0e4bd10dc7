// SPDX-License-Identifier: Apache-2.0
/* The formulas are in heaptap/sampling.h. */
#include "collect/sampling_tables.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/random.h>

#include "heaptap/wire.h"

#define BASE_RATE_EXACT 8192 /* of a recording that begins exact */
#define BASE_RATE_MIN	512

void sampling_tables_fill(uint32_t weight[HT_WEIGHT_SIZE], uint32_t ln[HT_LN_SIZE])
{
	for (int i = 0; i < HT_WEIGHT_SIZE; i++) {
		double x = ldexp(i, HT_WEIGHT_STEP_SHIFT - 20);

		weight[i] = lround((i ? x / -expm1(-x) : 1.0) * (1 << 20));
	}
	for (int i = 0; i < HT_LN_SIZE; i++)
		ln[i] = lround(-log(0.5 + i / 512.0) * (1 << 20));
}

int sampling_seed(int map, uint64_t rate, const uint32_t ln[HT_LN_SIZE])
{
	int nr_cpus = libbpf_num_possible_cpus(), err = 0;
	struct ht_countdown *gaps;

	if (nr_cpus < 0)
		return nr_cpus;
	gaps = calloc(nr_cpus, sizeof(*gaps));
	if (!gaps)
		return -ENOMEM;
	for (int i = 0; i < nr_cpus && !err; i++) {
		uint32_t random;

		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			err = -errno;
		gaps[i].left = ht_gap(random, rate, ln);
	}
	if (!err && bpf_map_update_elem(map, &(uint32_t){0}, gaps, BPF_ANY))
		err = -errno;
	free(gaps);
	return err;
}

uint64_t sampling_base_rate(uint64_t rate, bool governed)
{
	if (!governed)
		return rate;
	if (rate <= 1)
		return BASE_RATE_EXACT;
	return rate > BASE_RATE_MIN ? rate : BASE_RATE_MIN;
}
