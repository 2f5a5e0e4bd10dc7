/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What heaptap itself takes of a CPU while it records, held against a limit: by its own CPU time,
 * over some seconds at a time, since naming stacks may take one for a moment.
 */
#ifndef HEAPTAP_CMD_OWN_CPU_H
#define HEAPTAP_CMD_OWN_CPU_H

#include <stdbool.h>
#include <stdint.h>

#define OWN_CPU_DEFAULT 0.25

struct own_cpu {
	double most;  /* of one CPU, 0 to 1; 0: no limit */
	double share; /* of the last full window */
	uint64_t begin_ns, cpu_ns;
	unsigned int nr_over; /* windows above the limit, one after the other */
};

/* The recording begins; @most as above. */
void own_cpu_init(struct own_cpu *own, double most);

/* Did a window end that was above the limit? */
bool own_cpu_over(struct own_cpu *own);

#endif
