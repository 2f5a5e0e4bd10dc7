/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V8's own sampling heap profiler, through the protocol: what JavaScript allocated since it was
 * started and what is still alive, by the stack that allocated it.
 */
#ifndef HEAPTAP_INSPECTOR_SAMPLING_H
#define HEAPTAP_INSPECTOR_SAMPLING_H

#include <stdint.h>

#include "inspector/protocol.h"
#include "profile/profile.h"

#define SAMPLING_DEFAULT_RATE (512 << 10) /* bytes; the default that DevTools and pprof take */
#define SAMPLING_MAX_DEPTH    128	  /* frames V8 keeps of a stack: v8-heap-profiler-agent */

/* Bytes between two samples, on average. -EBUSY when somebody else has it running already. */
int sampling_start(struct protocol *protocol, uint64_t rate, struct diag *diag);

struct sampling_heap {
	uint64_t used, total; /* bytes of V8's heap; 0: not told */
};

/*
 * Adds what is alive to @profile, whose period is the rate, as METRIC_INUSE_SPACE alone: objects
 * are not counted, since a sample only tells its weight. V8 collects all garbage first, which stops
 * the program. @last stops the sampler. -EPROTO when the answer is not what the protocol says.
 */
int sampling_fetch(struct protocol *protocol, bool last, struct profile *profile,
		   struct sampling_heap *ret_heap, struct diag *diag);

/* The same for an answer that is there, {"profile": {"head": ...}}. */
int sampling_convert(const json_t *answer, struct profile *profile, struct diag *diag);

#endif
