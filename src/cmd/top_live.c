// SPDX-License-Identifier: Apache-2.0
/* What is gone from the books is forgotten here: this view is about what is there. */
#include "cmd/top_live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/rss.h"
#include "cmd/stop.h"
#include "cmd/summary.h"
#include "export/text.h"
#include "util/clock.h"

#define BOOK_MAX    65536     /* stacks of the past that are kept, some 60 MB */
#define POLL_MIN_NS 1000000   /* what is overdue waits so long too */
#define POLL_MAX_NS 250000000 /* for the budget's sake */
#define MEASURE_MAX 64	      /* more processes are not measured at each refresh */

static int forget(void *arg, const struct site_totals *site)
{
	(void)arg;
	(void)site;
	return 0;
}

static int start_book(struct top_live *live, const struct top_view *view, const char *filter,
		      uint64_t begin_ns)
{
	int err = stack_book_init(&live->book, &live->recording);

	top_rows_init(&live->rows, live->book.profile, view, begin_ns);
	if (!err && live->recording.several) /* so that groups know it is no single process */
		err = profile_set_note(live->book.profile, "targets", "several");
	else if (!err)
		err = profile_set_note(live->book.profile, "target", "%d",
				       session_target(live->session)->process.pid)
			      ?: profile_set_note(live->book.profile, "comm", "%s",
						  session_target(live->session)->process.comm);
	return err ?: top_rows_filter(&live->rows, filter, NULL, 0);
}

int top_live_start(struct top_live *live, struct top_options *options, const sigset_t *sleeping,
		   struct diag *diag)
{
	const struct selection *selection = &options->record.targets.selection;
	struct symbolizer_options symbolizer = {.lines = true};
	int err;

	*live = (struct top_live){.options = options};
	options->record.session.ended = (struct ended_options){0, forget, NULL};
	err = attaching_start(&live->attaching, &options->record, sleeping, diag);
	if (err)
		return err;
	live->session = live->attaching.session;
	live->recording = (struct recording){.session = live->session,
					     .rate = options->record.session.rate,
					     .budget = &live->budget,
					     .cost_ns = -1,
					     .several = selection_is_several(selection)};
	symbolizer.shared = live->recording.several;
	live->recording.symbolizer = symbolizer_new(&symbolizer);
	budget_init(&live->budget, &options->record);
	live->begin_ns = live->allocs_ns = clock_now_ns();
	err = live->recording.symbolizer
		      ? start_book(live, &options->view, options->filter, live->begin_ns)
		      : -ENOMEM;
	return err ? diag_fail(diag, err, "out of memory") : 0;
}

void top_live_done(struct top_live *live)
{
	top_rows_done(&live->rows);
	stack_book_done(&live->book);
	symbolizer_free(live->recording.symbolizer);
	attaching_done(&live->attaching);
}

static int check_budget(struct top_live *live)
{
	int err = budget_check(&live->budget, live->session, live->attaching.calibration,
			       clock_now_ns() - live->begin_ns);

	live->recording.rate = live->budget.rate;
	return err < 0 ? err : 0;
}

int top_live_wait(struct top_live *live, uint64_t until_ns, const sigset_t *sleeping)
{
	uint64_t now;
	int err = 0;

	while (!stop_signal() && !err && (now = clock_now_ns()) < until_ns) {
		uint64_t due = now + POLL_MAX_NS, check = live->begin_ns + live->budget.due_ns;

		err = check_budget(live);
		if (live->options->record.budget && !live->budget.ended && check < due)
			due = check > now + POLL_MIN_NS ? check : now + POLL_MIN_NS;
		if (until_ns < due)
			due = until_ns;
		err = err ?: session_poll(live->session, (due - now + 999999) / 1000000, sleeping);
	}
	live->facts.ended |= err == 1;
	return err;
}

static int add_sites(struct top_live *live, const struct snapshot *snapshot)
{
	int err = 0;

	stack_book_begin(&live->book);
	for (uint32_t i = 0; i < snapshot->nr_sites && !err; i++) {
		const struct site_totals *site = &snapshot->sites[i];
		const struct top_figures figures = {{
			[METRIC_ALLOC_OBJECTS] = site->alloc_objects,
			[METRIC_ALLOC_SPACE] = site->alloc_bytes,
			[METRIC_INUSE_OBJECTS] = site->inuse_objects,
			[METRIC_INUSE_SPACE] = site->inuse_bytes,
		}};
		uint32_t sample = 0;

		if (!site->samples)
			continue;
		err = stack_book_find(&live->book, site, i > 0, &sample);
		err = err ?: top_rows_add(&live->rows, sample, &figures);
	}
	return err;
}

/* Processes that come and go leave their stacks behind. Everything is named again, and growth
 * begins anew. */
static int renew_book(struct top_live *live, const struct snapshot *snapshot)
{
	const struct top_view view = live->rows.view;
	uint64_t now_ns = live->rows.now_ns;
	char *pattern;
	int err;

	if (live->book.profile->nr_samples < BOOK_MAX + 2 * snapshot->nr_sites)
		return 0;
	pattern = live->rows.pattern;
	live->rows.pattern = NULL;
	top_rows_done(&live->rows);
	stack_book_done(&live->book);
	err = start_book(live, &view, pattern, now_ns);
	free(pattern);
	top_rows_begin(&live->rows, now_ns);
	return err ?: add_sites(live, snapshot);
}

static void read_cost(struct top_live *live, const struct snapshot *snapshot)
{
	struct cost_traps traps;

	if (!cost_calibration_result(live->attaching.calibration, false, &traps))
		live->recording.cost_ns =
			cost_of_run(&traps, &snapshot->stats, session_stepped_share(live->session));
	if (live->recording.cost_ns < 0 && live->attaching.calibration)
		snprintf(live->facts.cost, sizeof(live->facts.cost), "being measured");
	else
		summary_cost(&live->recording, snapshot, live->facts.cost,
			     sizeof(live->facts.cost));
}

static void read_rate(struct top_live *live, const struct snapshot *snapshot)
{
	struct top_facts *facts = &live->facts;
	char bytes[TEXT_SIZE];
	struct site_totals total;

	facts->error = -1;
	snprintf(facts->rate, sizeof(facts->rate), "exact");
	if (!recording_is_sampled(&live->recording))
		return;
	snapshot_total(snapshot, &total);
	facts->error = relative_error(total.inuse_bytes, total.inuse_var);
	if (live->recording.rate > 1)
		snprintf(facts->rate, sizeof(facts->rate), "one sample per %s",
			 text_bytes(bytes, live->recording.rate));
	else
		snprintf(facts->rate, sizeof(facts->rate), "sampled by the process");
}

static void read_facts(struct top_live *live, const struct snapshot *snapshot)
{
	uint64_t allocs = snapshot->stats.count[HT_COUNT_allocs], now = clock_now_ns();
	struct top_facts *facts = &live->facts;
	struct rss rss;

	target_options_describe(&live->options->record.targets,
				&session_target(live->session)->process,
				session_nr_targets(live->session), facts->target,
				sizeof(facts->target));
	facts->elapsed_ns = snapshot->watched_ns;
	if (now > live->allocs_ns)
		facts->allocs_per_s = (allocs - live->allocs) * 1e9 / (now - live->allocs_ns);
	live->allocs = allocs;
	live->allocs_ns = now;
	facts->budget = live->budget.ended;
	summary_describe_losses(snapshot, true, facts->lost, sizeof(facts->lost));
	if (live->budget.ended) {
		size_t length = strlen(facts->lost);

		snprintf(facts->lost + length, sizeof(facts->lost) - length, "%s%s",
			 length ? "; " : "", live->budget.why);
	}
	summary_describe_losses(snapshot, false, facts->partial, sizeof(facts->partial));
	read_rate(live, snapshot);
	read_cost(live, snapshot);
	rss_account(live->session, snapshot, &rss);
	rss_describe(&rss, facts->rss, sizeof(facts->rss));
}

int top_live_refresh(struct top_live *live)
{
	struct snapshot snapshot;
	int err;

	if (session_nr_targets(live->session) <= MEASURE_MAX)
		session_measure(live->session);
	err = session_snapshot(live->session, false, &snapshot);
	if (!err) {
		err = renew_book(live, &snapshot);
		top_rows_begin(&live->rows, clock_now_ns());
		err = err ?: add_sites(live, &snapshot);
		err = err ?: top_rows_end(&live->rows);
		read_facts(live, &snapshot);
		snapshot_done(&snapshot);
	}
	return err;
}
