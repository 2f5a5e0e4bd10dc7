// SPDX-License-Identifier: Apache-2.0
/* A bucket that the target's CPU time fills and the cost of probes empties. */
#include "collect/governor.h"

#include <math.h>
#include <string.h>

#define MIN_CORES     0.01     /* of budget, for a target that does nothing */
#define MIN_NS	      20000000 /* a shorter interval says nothing */
#define NEAR_CHECK_NS 50000000
#define DETACH_NS     100000000 /* until the last probe is gone, traps go on */
#define RAISE_AT_NS   2e9	/* credit for less: raise. More may be a burst, which stays exact */
#define BASE_PROGRAM  1.15	/* trap and program of a hit that is no sample, to the trap alone */
/* What a hit leaves behind in caches and branch predictors comes on top: a Node HTTP server lost 41
 * % of its requests per CPU second where traps and programs sum up to 30 %. */
#define AFTERMATH 1.35
#define MIN_TIMED 16 /* hits that tell what the programs take at a rate */
#define MAX_STEP  64 /* times the rate */

/* Since the last reading, in cores: nanoseconds of CPU time per nanosecond. */
struct burn {
	double total, fixed; /* fixed: what no rate takes away */
	double budget;
};

void governor_init(struct governor *governor, double share, uint64_t duration_ns)
{
	*governor = (struct governor){
		.share = share, .lead_ns = GOVERNOR_LEAD_NS, .duration_ns = duration_ns};
	if (duration_ns && duration_ns < governor->lead_ns)
		governor->lead_ns = duration_ns;
}

/* The later of two counters less the earlier; they are read one after the other and may lag. */
static double since(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

/* At the present rate, as soon as that can be told; before, over the whole run. */
static double program_ns_per_hit(const struct governor *governor,
				 const struct governor_reading *now)
{
	double timed = since(now->timed, governor->first.timed);

	if (timed >= MIN_TIMED)
		return since(now->timed_ns, governor->first.timed_ns) / timed;
	return now->timed ? (double)now->timed_ns / now->timed : 0;
}

static struct burn measure(struct governor *governor, const struct governor_reading *now)
{
	const struct governor_reading *last = &governor->last;
	double ns = since(now->elapsed_ns, last->elapsed_ns),
	       cpu = since(now->cpu_ns, last->cpu_ns);
	double entries = since(now->entries, last->entries);
	double returns = since(now->returns, last->returns);
	double program = (entries + returns) * program_ns_per_hit(governor, now);
	double budget = fmax(governor->share * cpu, MIN_CORES * ns), traps;

	program *= AFTERMATH;
	governor->program_ns += program;
	governor->earned_ns += budget;
	governor->spent_ns =
		fmin(now->cpu_ns,
		     governor->program_ns + AFTERMATH * (now->entries * now->entry_trap_ns +
							 now->returns * now->return_trap_ns));
	traps = AFTERMATH * entries * now->entry_trap_ns;
	return (struct burn){
		.total =
			fmin(cpu, traps + AFTERMATH * returns * now->return_trap_ns + program) / ns,
		.fixed = fmin(cpu, traps * BASE_PROGRAM) / ns,
		.budget = budget / ns,
	};
}

/* What is left of the budget. */
static void settle(struct governor *governor, const struct governor_reading *now)
{
	double cores = since(now->cpu_ns, governor->last.cpu_ns) /
		       since(now->elapsed_ns, governor->last.elapsed_ns);
	double most = GOVERNOR_KEPT_NS * governor->share * fmax(1, cores), earned;

	earned = governor->earned_ns;
	if (now->elapsed_ns < governor->lead_ns)
		earned *= (double)governor->lead_ns / now->elapsed_ns;
	governor->level_ns = earned - governor->forfeited_ns - governor->spent_ns;
	if (now->elapsed_ns < governor->lead_ns || governor->level_ns <= most)
		return;
	governor->forfeited_ns += governor->level_ns - most;
	governor->level_ns = most;
}

/* So that what samples cost fits twice into the room that the traps leave. */
static uint64_t raised(const struct burn *burn, uint64_t rate)
{
	double wanted = 2 * (burn->total - burn->fixed) / (burn->budget - burn->fixed);
	uint64_t step = 2;

	while (step < MAX_STEP && step < wanted)
		step *= 2;
	if (rate < GOVERNOR_RATE_FIRST) /* one in two or less of what is that small is a sample */
		rate = GOVERNOR_RATE_FIRST / 2;
	rate *= step;
	return rate < GOVERNOR_RATE_MAX ? rate : GOVERNOR_RATE_MAX;
}

/* What is left is enough until the end. */
static bool lasts(const struct governor *governor, const struct governor_reading *now,
		  double left_ns)
{
	return governor->duration_ns && now->elapsed_ns + left_ns > governor->duration_ns;
}

static struct governor_decision choose(const struct governor *governor, const struct burn *burn,
				       const struct governor_reading *now)
{
	bool over = burn->total > burn->budget, helps;
	bool told = since(now->timed, governor->first.timed) >= MIN_TIMED;
	double left_ns = over ? governor->level_ns / burn->total : INFINITY;
	struct governor_decision decision = {.rate = now->rate, .check_ns = GOVERNOR_CHECK_NS};

	if (left_ns < 2.0 * (GOVERNOR_CHECK_NS + DETACH_NS))
		decision.check_ns = NEAR_CHECK_NS;
	helps = burn->fixed < burn->budget && now->rate < GOVERNOR_RATE_MAX;
	if (over && helps && left_ns > -RAISE_AT_NS / 2) {
		if (told && left_ns < RAISE_AT_NS && !lasts(governor, now, left_ns)) {
			decision.action = GOVERNOR_RAISE;
			decision.rate = raised(burn, now->rate);
		}
	} else if (left_ns < decision.check_ns + DETACH_NS && !lasts(governor, now, left_ns)) {
		decision.action = GOVERNOR_DETACH;
	}
	return decision;
}

struct governor_decision governor_decide(struct governor *governor,
					 const struct governor_reading *reading)
{
	struct governor_decision decision = {.rate = reading->rate, .check_ns = NEAR_CHECK_NS};
	struct burn burn;

	if (governor->share >= 1) {
		decision.check_ns = GOVERNOR_CHECK_NS;
		return decision;
	}
	if (since(reading->elapsed_ns, governor->last.elapsed_ns) < MIN_NS)
		return decision;
	burn = measure(governor, reading);
	settle(governor, reading);
	decision = choose(governor, &burn, reading);
	if (decision.action == GOVERNOR_RAISE)
		governor->first = *reading;
	governor->last = *reading;
	return decision;
}
