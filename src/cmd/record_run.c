// SPDX-License-Identifier: Apache-2.0
/*
 * A recording from beginning to end: attach, wait, write.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/attaching.h"
#include "cmd/budget.h"
#include "cmd/cmd.h"
#include "cmd/output.h"
#include "cmd/page_recording.h"
#include "cmd/progress.h"
#include "cmd/record.h"
#include "cmd/record_prom.h"
#include "cmd/record_push.h"
#include "cmd/record_store.h"
#include "cmd/recording.h"
#include "cmd/stop.h"
#include "cmd/summary.h"
#include "collect/cost.h"
#include "collect/dump.h"
#include "util/clock.h"

#define POLL_NS		   250000000ULL
#define POLL_MIN_NS	   1000000 /* what is overdue waits so long too */
#define DUMP_EVERY_DEFAULT 131

struct run {
	struct record_options *options;
	struct store *store; /* NULL: none */
	struct attaching attaching;
	struct session *session; /* of attaching, and so is the calibration */
	struct recording recording;
	struct budget budget;
	char whom[256];			/* of several processes: how they were chosen */
	bool written;			/* the profile is */
	uint64_t begin_ns, snapshot_ns; /* the next snapshot is due */
	unsigned int nr_snapshots;
	struct progress progress;
	struct cost_calibration *calibration; /* NULL: not to be had */
};

/* The series and the name of what is recorded: *ret_pid 0 of several processes. */
static const char *subject(const struct run *run, pid_t *ret_pid)
{
	const struct process *process = &session_target(run->session)->process;
	const struct selection *selection = &run->options->targets.selection;
	bool one = !selection_is_open(selection) && selection->nr_pids <= 1;

	*ret_pid = one ? process->pid : 0;
	return selection->all ? "all" : process->comm;
}

/* Names @snapshot and writes it to @path. */
static int write_profile(const struct run *run, const struct snapshot *snapshot, const char *path)
{
	struct output_options output = run->options->output;
	struct profile *profile;
	int err = recording_profile(&run->recording, snapshot, &profile);

	if (err) {
		cmd_fail(err, NULL, "cannot make a profile of the recording");
		return err;
	}
	output.path = path;
	output.durable = run->store;
	err = output_write(&output, "the recording", run->options->quiet, run->options->verbose,
			   profile);
	if (!err)
		record_push_add(run->options->pushing, path);
	if (!err && run->options->prom) {
		err = record_prom_write(run->options, profile);
		run->options->prom_written = !err;
	}
	profile_free(profile);
	return err;
}

static char *store_place(const struct run *run)
{
	pid_t pid;
	const char *comm = subject(run, &pid);

	return record_store_path(run->store, comm, pid);
}

static int write_snapshot(struct run *run)
{
	struct snapshot snapshot;
	char *path;
	int err = session_snapshot(run->session, true, &snapshot);

	if (err) {
		cmd_fail(err, NULL, "cannot read the books of the recording");
		return err;
	}
	run->nr_snapshots++;
	path = run->store ? store_place(run)
			  : output_snapshot_path(&run->options->output, run->nr_snapshots);
	err = path ? write_profile(run, &snapshot, path) : -ENOMEM;
	free(path);
	snapshot_done(&snapshot);
	return err;
}

static int open_dump(struct record_options *options, struct diag *diag)
{
	struct session_options *session = &options->session;

	if (!options->dump_path)
		return 0;
	session->dump = fopen(options->dump_path, "we");
	if (!session->dump || fputs(DUMP_MAGIC, session->dump) < 0)
		return diag_fail(diag, -EIO, "cannot write %s: %s", options->dump_path,
				 strerror(errno));
	if (!session->copy_every)
		session->copy_every = DUMP_EVERY_DEFAULT;
	return 0;
}

static int start(struct run *run, const sigset_t *sleeping, struct diag *diag)
{
	struct record_options *options = run->options;
	uint64_t begin = clock_now_ns();
	int err = open_dump(options, diag);

	options->session.ended =
		(struct ended_options){options->min_age_ns, recording_fold, &run->recording};
	err = err ?: attaching_start(&run->attaching, options, sleeping, diag);
	if (err)
		return err;
	run->session = run->attaching.session;
	run->calibration = run->attaching.calibration;
	run->begin_ns = clock_now_ns();
	summary_start(options, run->session, run->begin_ns - begin);
	return 0;
}

/* When waiting is to be interrupted next, as the clock counts. */
static uint64_t next_due(const struct run *run, uint64_t now)
{
	const struct record_options *options = run->options;
	uint64_t due = now + POLL_NS, check = run->begin_ns + run->budget.due_ns;

	if (options->interval_ns && !run->written && run->snapshot_ns < due)
		due = run->snapshot_ns;
	if (options->duration_ns && run->begin_ns + options->duration_ns < due)
		due = run->begin_ns + options->duration_ns;
	if ((options->budget || options->max_cpu) && !run->budget.ended && check < due)
		due = check > now + POLL_MIN_NS ? check : now + POLL_MIN_NS;
	return due;
}

/* Until a signal, the end of the duration, of the process or, while there is one, of the budget. */
static int wait_for_end(struct run *run, const sigset_t *sleeping)
{
	const struct record_options *options = run->options;
	int err = 0;

	if (!run->snapshot_ns)
		run->snapshot_ns = run->begin_ns + options->interval_ns;
	while (!stop_signal() && !err) {
		uint64_t now = clock_now_ns(), due;

		if (options->duration_ns && now - run->begin_ns >= options->duration_ns)
			break;
		err = budget_check(&run->budget, run->session, run->calibration,
				   now - run->begin_ns);
		run->recording.rate = run->budget.rate;
		run->recording.pages_sampled |= run->budget.fell_back;
		if (err < 0)
			cmd_fail(err, NULL, "cannot read the books of the recording");
		if (err)
			break;
		if (options->interval_ns && !run->written && now >= run->snapshot_ns) {
			err = write_snapshot(run);
			run->snapshot_ns += options->interval_ns;
			/* one that took longer: signals come in all the same, before the next */
			if (run->snapshot_ns <= clock_now_ns())
				run->snapshot_ns = clock_now_ns() + POLL_MIN_NS;
			continue;
		}
		due = next_due(run, now);
		err = session_poll(run->session, (due - now + 999999) / 1000000, sleeping);
		if (err == 1)
			return 0;
		if (err < 0)
			cmd_fail(err, NULL, "cannot go on recording");
		if (!run->written)
			progress_draw(&run->progress, run->session, run->calibration,
				      clock_now_ns() - run->begin_ns);
	}
	return err < 0 ? err : 0;
}

static void measure_cost(struct run *run, const struct snapshot *snapshot)
{
	struct cost_traps traps;

	if (cost_calibration_result(run->calibration, true, &traps))
		return;
	run->recording.cost_ns =
		cost_of_run(&traps, &snapshot->stats, session_stepped_share(run->session));
}

/* Where the profile goes when the user has not said; the caller's to free. */
static char *default_place(const struct run *run)
{
	pid_t pid;
	const char *comm = subject(run, &pid);

	return run->store ? store_place(run)
			  : output_default_path(&run->options->output, comm, pid);
}

static int finish(struct run *run)
{
	struct record_options *options = run->options;
	struct snapshot snapshot;
	char *path = NULL;
	int err = session_freeze(run->session);

	err = err ?: session_snapshot(run->session, true, &snapshot);
	if (err) {
		cmd_fail(err, NULL, "cannot read the books of the recording");
		return err;
	}
	measure_cost(run, &snapshot);
	if (!options->output.path)
		options->output.path = path = default_place(run);
	err = options->output.path ? write_profile(run, &snapshot, options->output.path) : -EIO;
	if (!err && run->store)
		record_store_prune(run->store, options, subject(run, &(pid_t){0}));
	if (!err)
		summary_end(options, &run->recording, &snapshot);
	if (!err && options->strict && (run->budget.ended || summary_has_losses(&snapshot)))
		err = 1;
	snapshot_done(&snapshot);
	if (path)
		options->output.path = NULL;
	free(path);
	return err;
}

/* The budget is spent: the profile is written, and a command that was started here still has its
 * terminal and its status until it ends. */
static int outlive(struct run *run, const sigset_t *sleeping)
{
	int status = finish(run), err;

	run->written = true;
	if (status < 0)
		return status;
	err = wait_for_end(run, sleeping);
	return err ?: status;
}

static int exit_status(const struct run *run, int err)
{
	if (err > 0)
		return EXIT_LOST;
	if (err)
		return EXIT_FAILED;
	if (!run->options->propagate_status || run->attaching.child)
		return EXIT_DONE;
	return WIFEXITED(run->attaching.child_status) ? WEXITSTATUS(run->attaching.child_status)
						      : 128 + WTERMSIG(run->attaching.child_status);
}

int record_run(struct record_options *options)
{
	struct run run = {
		.options = options,
		.recording = {.rate = options->session.rate,
			      .min_age_ns = options->min_age_ns,
			      .cost_ns = -1,
			      .pages_sampled = page_recording_is_sampled(&options->session),
			      .several = selection_is_several(&options->targets.selection)},
	};
	struct symbolizer_options symbolizer = {.lines = true, .shared = run.recording.several};
	struct diag diag = {0};
	sigset_t sleeping;
	int err;

	if (options->output.path && output_check(options->output.path))
		return EXIT_FAILED;
	err = record_store_open(options, &run.store);
	if (err) {
		store_close(run.store);
		return err > 0 ? EXIT_DONE : EXIT_FAILED;
	}
	stop_prepare(&sleeping);
	err = start(&run, &sleeping, &diag);
	if (err) {
		store_close(run.store);
		attaching_done(&run.attaching);
		return attaching_fail(err, &diag);
	}
	run.recording.session = run.session;
	run.recording.began_ns = clock_utc_ns();
	if (selection_is_open(&options->targets.selection) ||
	    options->targets.selection.nr_pids > 1) {
		selection_describe(&options->targets.selection, run.whom, sizeof(run.whom));
		run.recording.whom = run.whom;
	}
	run.recording.budget = &run.budget;
	budget_init(&run.budget, options);
	run.recording.symbolizer = symbolizer_new(&symbolizer);
	progress_init(&run.progress, options->quiet);
	err = run.recording.symbolizer ? wait_for_end(&run, &sleeping) : -ENOMEM;
	progress_clear(&run.progress);
	if (!err && run.attaching.child && run.budget.ended && !run.budget.fell_back)
		err = outlive(&run, &sleeping);
	attaching_leave(&run.attaching, options);
	if (!run.written)
		err = err ?: finish(&run);
	recording_done(&run.recording);
	symbolizer_free(run.recording.symbolizer);
	attaching_done(&run.attaching);
	store_close(run.store);
	if (options->session.dump && fclose(options->session.dump) && !err)
		err = -errno;
	return exit_status(&run, err);
}
