// SPDX-License-Identifier: Apache-2.0
/* A window of ten seconds in which the target's CPU time earns what the cost of probes spends. */
#include "collect/governor.h"

#include <math.h>
#include <string.h>

#define MIN_CORES     0.01     /* of budget, for a target that does nothing */
#define MIN_NS	      20000000 /* a shorter interval says nothing */
#define OVER_CHECK_NS 100000000
#define NEAR_CHECK_NS 25000000
#define SLOT_NS	      (GOVERNOR_WINDOW_NS / GOVERNOR_NR_SLOTS)
#define HURT_NS	      700000000 /* for so long traps may cost more than that allows */
#define HURT_TIMES    2		/* the budget, */
#define HURT_CORES    0.5	/* or so much, when that is less; and more than the budget */
#define MIN_HITS      64	/* programs count that many at once */
#define DETACH_NS     100000000 /* until the last probe is gone, traps go on */
#define RAISE_AT_NS   2e9	/* credit for less: raise. More may be a burst, which stays exact */
#define BASE_PROGRAM  1.15	/* trap and program of a hit that is no sample, to the trap alone */
/* What a hit leaves behind in caches and branch predictors comes on top: a Node HTTP server lost 41
 * % of its requests per CPU second where traps and programs sum up to 30 %. */
#define AFTERMATH 1.35
#define MIN_TIMED 16	/* hits that tell what the programs take at a rate */
#define MAX_STEP  64	/* times the rate */
#define FEW	  128.0 /* hits to a sample: then samples are some 2 % of the cost */

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

/* The slot of now, empty when it was another time's before. */
static struct governor_slot *slot_of(struct governor *governor, uint64_t elapsed_ns)
{
	uint64_t number = elapsed_ns / SLOT_NS + 1;
	struct governor_slot *slot = &governor->slots[number % GOVERNOR_NR_SLOTS];

	if (slot->number != number)
		*slot = (struct governor_slot){.number = number};
	return slot;
}

static struct burn measure(struct governor *governor, const struct governor_reading *now)
{
	const struct governor_reading *last = &governor->last;
	double ns = since(now->elapsed_ns, last->elapsed_ns),
	       cpu = since(now->cpu_ns, last->cpu_ns);
	double entries = since(now->entries, last->entries);
	double returns = since(now->returns, last->returns);
	double program = AFTERMATH * (entries + returns) * program_ns_per_hit(governor, now);
	double budget = fmax(governor->share * cpu, MIN_CORES * ns), traps;
	struct governor_slot *slot = slot_of(governor, now->elapsed_ns);

	slot->earned_ns += budget;
	slot->cpu_ns += cpu;
	slot->entries += entries;
	slot->returns += returns;
	slot->program_ns += program;
	traps = AFTERMATH * entries * now->entry_trap_ns;
	return (struct burn){
		.total =
			fmin(cpu, traps + AFTERMATH * returns * now->return_trap_ns + program) / ns,
		.fixed = fmin(cpu, traps * BASE_PROGRAM) / ns,
		.budget = budget / ns,
	};
}

/* What is left of the budget of the window. By the traps' figures of now: those of before may have
 * been assumed. Returns the hits in the window. */
static double settle(struct governor *governor, const struct governor_reading *now)
{
	uint64_t number = now->elapsed_ns / SLOT_NS + 1;
	struct governor_slot sum = {0};

	for (int i = 0; i < GOVERNOR_NR_SLOTS; i++) {
		const struct governor_slot *slot = &governor->slots[i];

		if (!slot->number || slot->number + GOVERNOR_NR_SLOTS <= number)
			continue;
		sum.earned_ns += slot->earned_ns;
		sum.cpu_ns += slot->cpu_ns;
		sum.entries += slot->entries;
		sum.returns += slot->returns;
		sum.program_ns += slot->program_ns;
	}
	if (now->elapsed_ns < governor->lead_ns)
		sum.earned_ns *= (double)governor->lead_ns / now->elapsed_ns;
	governor->spent_ns =
		fmin(sum.cpu_ns, sum.program_ns + AFTERMATH * (sum.entries * now->entry_trap_ns +
							       sum.returns * now->return_trap_ns));
	governor->level_ns = sum.earned_ns - governor->spent_ns;
	return sum.entries + sum.returns;
}

/* Hits that spend half of what is left. */
static int64_t hits_of_half(const struct governor *governor, const struct governor_reading *now,
			    double hits)
{
	double ns = hits > 0 ? governor->spent_ns / hits : 0;

	ns = fmax(ns, AFTERMATH * BASE_PROGRAM * now->entry_trap_ns);
	return (int64_t)fmax(MIN_HITS, governor->level_ns / 2 / fmax(ns, 1));
}

/* Traps alone cost far more than the budget, and have for long enough. */
static bool is_hurt(struct governor *governor, const struct burn *burn,
		    const struct governor_reading *now)
{
	double most = fmax(burn->budget, fmin(HURT_TIMES * burn->budget, HURT_CORES));

	if (burn->fixed <= most)
		governor->hurt_ns = 0;
	else if (!governor->hurt_ns)
		governor->hurt_ns = governor->last.elapsed_ns ?: 1;
	return governor->hurt_ns && now->elapsed_ns - governor->hurt_ns >= HURT_NS;
}

/* Samples at the present rate are so many times what would be few. */
static double times_few(const struct governor *governor, const struct governor_reading *now)
{
	return FEW * since(now->samples, governor->first.samples) /
	       fmax(1, since(now->entries, governor->first.entries));
}

/* So that what samples cost fits twice into the room that the traps leave, or they are @most times
 * fewer. */
static uint64_t raised(const struct burn *burn, uint64_t rate, double most)
{
	double wanted = 2 * (burn->total - burn->fixed) / (burn->budget - burn->fixed);
	uint64_t step = 2;

	while (step < MAX_STEP && step < wanted && step < most)
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

static struct governor_decision choose(struct governor *governor, const struct burn *burn,
				       const struct governor_reading *now)
{
	bool over = burn->total > burn->budget, helps;
	bool hurt = is_hurt(governor, burn, now);
	bool told = since(now->timed, governor->first.timed) >= MIN_TIMED;
	double times = times_few(governor, now);
	double left_ns = over ? governor->level_ns / burn->total : INFINITY;
	struct governor_decision decision = {.rate = now->rate, .check_ns = GOVERNOR_CHECK_NS};

	if (over || !now->calibrated)
		decision.check_ns = OVER_CHECK_NS;
	/* a burst that has just begun is more than this interval shows */
	if (over && governor->level_ns < fmax(1, burn->total) * 2.0 * (OVER_CHECK_NS + DETACH_NS))
		decision.check_ns = NEAR_CHECK_NS;
	helps = burn->fixed < burn->budget && now->rate < GOVERNOR_RATE_MAX && (times > 1 || !told);
	if (hurt && !lasts(governor, now, 0)) {
		decision.action = GOVERNOR_DETACH;
	} else if (over && helps && left_ns > -RAISE_AT_NS / 2) {
		if (told && left_ns < RAISE_AT_NS && !lasts(governor, now, left_ns)) {
			decision.action = GOVERNOR_RAISE;
			decision.rate = raised(burn, now->rate, times);
		}
	} else if (left_ns < decision.check_ns + DETACH_NS && !lasts(governor, now, left_ns)) {
		decision.action = GOVERNOR_DETACH;
	}
	return decision;
}

struct governor_decision governor_decide(struct governor *governor,
					 const struct governor_reading *reading)
{
	struct governor_decision decision = {
		.rate = reading->rate, .check_ns = NEAR_CHECK_NS, .hits = INT64_MAX};
	struct burn burn;
	double hits;

	if (governor->share >= 1) {
		decision.check_ns = GOVERNOR_CHECK_NS;
		return decision;
	}
	if (since(reading->elapsed_ns, governor->last.elapsed_ns) < MIN_NS)
		return decision;
	burn = measure(governor, reading);
	hits = settle(governor, reading);
	decision = choose(governor, &burn, reading);
	decision.hits = hits_of_half(governor, reading, hits);
	if (decision.action == GOVERNOR_RAISE)
		governor->first = *reading;
	governor->last = *reading;
	return decision;
}
