// SPDX-License-Identifier: Apache-2.0
/* Until calibration is done, traps are taken to cost what they do on a slow machine. */
#include "cmd/budget.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "export/text.h"

static const struct cost_traps assumed = {.emulated = 1000, .stepped = 12000, .on_return = 600};

void budget_init(struct budget *budget, const struct record_options *options)
{
	*budget = (struct budget){.options = options, .rate = options->session.rate};
	governor_init(&budget->governor, options->budget, options->duration_ns);
	own_cpu_init(&budget->own, options->max_cpu);
	snprintf(budget->rates, sizeof(budget->rates), "%" PRIu64, budget->rate);
}

static void read_costs(const struct session_usage *usage, double stepped_share,
		       struct cost_calibration *calibration, uint64_t rate,
		       struct governor_reading *ret)
{
	const struct ht_stats *stats = &usage->stats;
	struct cost_traps traps;
	bool calibrated = !cost_calibration_result(calibration, false, &traps);

	if (!calibrated)
		traps = assumed;
	*ret = (struct governor_reading){
		.elapsed_ns = usage->watched_ns,
		.cpu_ns = usage->cpu_ns,
		.entries = stats->count[HT_COUNT_hits] - stats->count[HT_COUNT_returns],
		.returns = stats->count[HT_COUNT_returns],
		.timed = stats->count[HT_COUNT_timed],
		.timed_ns = stats->count[HT_COUNT_timed_ns],
		.samples = stats->count[HT_COUNT_samples],
		.rate = rate,
		.entry_trap_ns = traps.emulated + stepped_share * (traps.stepped - traps.emulated),
		.return_trap_ns = traps.on_return,
		.calibrated = calibrated,
	};
}

static int raise_rate(struct budget *budget, struct session *session, uint64_t rate,
		      const struct session_usage *usage)
{
	uint64_t allocs = usage->stats.count[HT_COUNT_allocs];
	size_t length = strlen(budget->rates);
	char bytes[TEXT_SIZE];
	int err = session_set_rate(session, rate);

	if (err == -ENOSPC) /* so many changes: the last one holds */
		return 0;
	if (err)
		return err;
	budget->past += (double)budget->rate * (allocs - budget->allocs);
	budget->allocs = allocs;
	budget->rate = rate;
	snprintf(budget->rates + length, sizeof(budget->rates) - length,
		 " %" PRIu64 "@%" PRIu64 "ms", rate, usage->watched_ns / 1000000);
	if (budget->options->verbose && !budget->options->quiet)
		cmd_message("budget: from now on one sample per %s", text_bytes(bytes, rate));
	return 0;
}

/* Why the probes had to go: "@reason", and what to do: "@remedy". */
static void explain(struct budget *budget, const char *reason, const char *remedy)
{
	char after[TEXT_SIZE];

	text_duration(after, budget->ended_ns);
	if (budget->fell_back)
		snprintf(
			budget->why, sizeof(budget->why),
			"allocations only of the first %s, and in use of them what was then: %s, so "
			"they were removed; since then it is the page lens, rows of kind page: who "
			"touched memory first (--no-fallback would have ended there; %s)",
			after, reason, remedy);
	else
		snprintf(
			budget->why, sizeof(budget->why),
			"ended early: %s, so they were removed after %s, and the figures are about "
			"that time; %s",
			reason, after, remedy);
}

static void explain_own(struct budget *budget)
{
	char reason[160];

	snprintf(reason, sizeof(reason),
		 "with the probes heaptap itself took %.0f%% of a CPU, more than %g%% (--max-cpu)",
		 100 * budget->own.share, 100 * budget->own.most);
	explain(budget, reason, "to go on longer give a larger --max-cpu or a larger --rate");
}

static void explain_cost(struct budget *budget)
{
	char reason[160];

	snprintf(reason, sizeof(reason),
		 "probes would have cost the target more than %g%% of its CPU time (--budget)",
		 100 * budget->options->budget);
	explain(budget, reason,
		"to go on longer give a larger --budget, or a --rate: with -r 512K it costs what it "
		"costs, and less than with -r 1");
}

/* Page faults cost next to nothing. false: they cannot be sampled here. */
static bool fall_back(struct budget *budget, struct session *session)
{
	struct diag diag = {0};

	if (!budget->options->fallback)
		return false;
	if (!session_start_pages(session, PAGE_RATE_AUTO, &diag))
		return true;
	cmd_warning("the page lens cannot take over: %s", diag.text);
	return false;
}

static int end(struct budget *budget, struct session *session, void (*explain_it)(struct budget *))
{
	budget->ended = true;
	budget->ended_ns = session_drop_allocators(session);
	budget->fell_back = fall_back(budget, session);
	if (!budget->fell_back)
		budget->ended_ns = session_detach(session);
	explain_it(budget);
	if (budget->fell_back && !budget->options->quiet)
		cmd_message("%s", budget->why);
	return !budget->fell_back;
}

/* Fewer samples are less to do; where there can be none fewer, or that did not help, it ends. */
static int check_own(struct budget *budget, struct session *session)
{
	bool can_raise = budget->options->rate_auto && budget->rate < GOVERNOR_RATE_MAX / 4;
	uint64_t rate = budget->rate < GOVERNOR_RATE_FIRST ? GOVERNOR_RATE_FIRST : 4 * budget->rate;
	struct session_usage usage;
	int err;

	if (!own_cpu_over(&budget->own))
		return 0;
	if (!can_raise)
		return budget->own.nr_over < 2 ? 0 : end(budget, session, explain_own);
	err = session_usage(session, &usage);
	return err ?: raise_rate(budget, session, rate, &usage);
}

int budget_check(struct budget *budget, struct session *session,
		 struct cost_calibration *calibration, uint64_t elapsed_ns)
{
	double stepped_share = attachments_stepped_share(session_attachments(session));
	struct governor_decision decision;
	struct governor_reading reading;
	struct session_usage usage;
	int err;

	if (budget->ended || (elapsed_ns < budget->due_ns && !session_credit_spent(session)))
		return 0;
	budget->due_ns = elapsed_ns + GOVERNOR_CHECK_NS;
	err = check_own(budget, session);
	if (err || budget->ended || !budget->options->budget)
		return err;
	err = session_usage(session, &usage);
	if (err)
		return err;
	read_costs(&usage, stepped_share, calibration, budget->rate, &reading);
	decision = governor_decide(&budget->governor, &reading);
	budget->due_ns = elapsed_ns + decision.check_ns;
	session_set_credit(session, decision.hits);
	if (decision.action == GOVERNOR_RAISE)
		return raise_rate(budget, session, decision.rate, &usage);
	if (decision.action == GOVERNOR_KEEP)
		return 0;
	return end(budget, session, explain_cost);
}

uint64_t budget_mean_rate(const struct budget *budget, uint64_t allocs)
{
	double recent = allocs > budget->allocs ? allocs - budget->allocs : 0;
	double nr = budget->allocs + recent, mean = budget->rate;

	if (budget->rate == budget->options->session.rate)
		return budget->rate;
	if (nr > 0)
		mean = (budget->past + recent * budget->rate) / nr;
	return fmax(2, round(mean)); /* not all is exact */
}

int budget_note(const struct budget *budget, struct profile *profile)
{
	int err = profile_set_note(profile, "rate", "%" PRIu64, budget->rate);

	if (budget->options->budget) {
		err = err
			      ?: profile_set_note(profile, "rate_auto", "%d",
						  budget->options->rate_auto);
		err = err ?: profile_set_note(profile, "rates", "%s", budget->rates);
		err = err
			      ?: profile_set_note(profile, "budget", "%g%%",
						  100 * budget->options->budget);
	}
	if (budget->ended)
		err = err ?: profile_set_note(profile, "detached_ns", "%" PRIu64, budget->ended_ns);
	return err;
}
