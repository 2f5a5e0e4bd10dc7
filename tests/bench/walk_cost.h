/* SPDX-License-Identifier: Apache-2.0 */
/* What walk_cost.bpf.c measures at one hit, for walk_cost.c. */
#ifndef HEAPTAP_BENCH_WALK_COST_H
#define HEAPTAP_BENCH_WALK_COST_H

#include <linux/types.h>

#define NR_SAMPLES_MAX 32768

struct walk_sample {
	__u32 nothing_ns; /* two looks at the clock with nothing between */
	__u32 walk_ns, kernel_ns;
	__u16 walk_frames, kernel_frames; /* kernel_frames is 0 when bpf_get_stack() failed */
	__u32 walk_end;			  /* enum ht_stack_end */
	__u32 walk_first;
};

#endif
