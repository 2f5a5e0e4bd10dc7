// SPDX-License-Identifier: Apache-2.0
/* Time of all threads of this process; children are targets. */
#include "cmd/own_cpu.h"

#include <time.h>

#include "util/clock.h"

#define WINDOW_NS 3000000000ULL

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void own_cpu_init(struct own_cpu *own, double most)
{
	*own = (struct own_cpu){.most = most, .begin_ns = clock_now_ns(), .cpu_ns = cpu_ns()};
}

bool own_cpu_over(struct own_cpu *own)
{
	uint64_t now = clock_now_ns(), cpu;
	bool over;

	if (!own->most || now - own->begin_ns < WINDOW_NS)
		return false;
	cpu = cpu_ns();
	own->share = (double)(cpu - own->cpu_ns) / (double)(now - own->begin_ns);
	own->begin_ns = now;
	own->cpu_ns = cpu;
	over = own->share > own->most;
	own->nr_over = over ? own->nr_over + 1 : 0;
	return over;
}
