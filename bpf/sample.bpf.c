// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Drawing the bytes up to the next sample. */
#include "sample.bpf.h"

__s64 sample_gap(__u64 rate)
{
	return ht_gap(bpf_get_prandom_u32(), rate, ht_ln_table);
}
