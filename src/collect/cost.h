/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What watching cost the target: hits times what the trap of a hit costs on this machine, measured
 * here with programs that do nothing, plus the time of the programs, measured in the run itself.
 */
#ifndef HEAPTAP_COLLECT_COST_H
#define HEAPTAP_COLLECT_COST_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/caps.h"
#include "heaptap/wire.h"

/* Nanoseconds a trap adds to a call, with the kind of link in use. */
struct cost_traps {
	double emulated;  /* at an instruction the kernel emulates */
	double stepped;	  /* at one it must single-step */
	double on_return; /* what a return probe adds to that */
};

/* Probes heaptap's own functions for some milliseconds. 0 or -errno. */
int cost_calibrate(const struct caps *caps, struct cost_traps *ret);

/* The same on a thread of its own, while the recording runs. NULL when out of memory. */
struct cost_calibration;
struct cost_calibration *cost_calibration_new(const struct caps *caps);
void cost_calibration_free(struct cost_calibration *calibration); /* waits for it; NULL allowed */

/* -EAGAIN while it runs, unless it is to be waited for; 0; or -errno: it failed. */
int cost_calibration_result(struct cost_calibration *calibration, bool wait,
			    struct cost_traps *ret);

/* Of the page lens: samples and their programs, of all processes. */
double cost_of_fault_samples(const struct ht_stats *stats);

/* Of the watched processes, and with it that faults are counted at all. */
double cost_of_pages(const struct ht_stats *stats);

/* Of a run: hits and timings as counted; of the entry hits @stepped_share went to single-stepped
 * sites. Nanoseconds the target spent in probes, and in the page lens. */
double cost_of_run(const struct cost_traps *traps, const struct ht_stats *stats,
		   double stepped_share);

#endif
