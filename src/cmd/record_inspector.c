// SPDX-License-Identifier: Apache-2.0
/*
 * record --source js --inspector: V8's own sampler, started and read through the inspector of a
 * node process. What it knows goes with the process, so an end that leaves no time to fetch it
 * falls back on the last snapshot.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/inspection.h"
#include "cmd/output.h"
#include "cmd/record.h"
#include "cmd/record_push.h"
#include "cmd/recording_notes.h"
#include "export/text.h"
#include "inspector/sampling.h"
#include "util/clock.h"

#define MAX_SLEEP_MS 60000 /* the protocol's library wants to be called now and then */

struct run {
	const struct record_options *options;
	struct output_options output; /* with the path that it has in the end */
	uint64_t rate;
	struct inspection inspection;
	int signals; /* a signalfd of those that end the run */
	uint64_t begin_ns;
	unsigned int nr_snapshots;
	struct profile *latest; /* the last snapshot, in case the process dies before the end */
	struct sampling_heap heap;
};

/* What nohup ignores stays ignored. */
static int open_signals(void)
{
	static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		struct sigaction action;

		if (sigaction(ending[i], NULL, &action) || action.sa_handler != SIG_IGN)
			sigaddset(&set, ending[i]);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int start(struct run *run)
{
	const struct record_options *options = run->options;
	char until[64] = "until it ends, or Ctrl-C", duration[TEXT_SIZE];
	const struct process *process = &run->inspection.target.process;
	struct diag diag = {0};
	int err;

	err = inspection_open(options->targets.selection.pids[0], options->quiet, &run->inspection,
			      &diag);
	err = err ?: sampling_start(run->inspection.protocol, run->rate, &diag);
	if (err) {
		cmd_message("%s%s", diag.text,
			    cmd_exit_status(err) == EXIT_NOT_PERMITTED
				    ? "; `heaptap check` says what is missing"
				    : "");
		return err;
	}
	run->begin_ns = clock_now_ns();
	if (options->duration_ns)
		snprintf(until, sizeof(until), "for %s",
			 text_duration(duration, options->duration_ns));
	if (!options->quiet)
		cmd_message("recording pid %d (%s) %s; only JavaScript objects allocated from now "
			    "on are seen, of the main thread",
			    process->pid, process->comm, until);
	return 0;
}

static int add_notes(const struct run *run, struct profile *profile)
{
	const struct process *process = &run->inspection.target.process;
	const struct port *port = &run->inspection.port;
	int err = recording_note_origin(profile);

	err = err
		      ?: profile_set_note(profile, "target", "%d %s %s", process->pid,
					  process->comm, process->exe);
	err = err ?: profile_set_note(profile, "comm", "%s", process->comm);
	err = err ?: profile_set_note(profile, "attached", "late");
	err = err ?: profile_set_note(profile, "source", "js");
	err = err
		      ?: profile_set_note(profile, "inspector", "%s at %s port %u, %s",
					  port->browser, port->address, port->listener.port,
					  run->inspection.opened ? "opened by heaptap"
								 : "open already");
	err = err ?: profile_set_note(profile, "rate", "%" PRIu64, run->rate);
	err = err ?: profile_set_note(profile, "watched_ns", "%" PRId64, profile->duration_ns);
	if (!err && run->heap.total)
		err = profile_set_note(profile, "js_heap_used", "%" PRIu64, run->heap.used);
	return err;
}

/* A profile of now. Says why there is none, but for -ENOTCONN. */
static int fetch(struct run *run, bool last, struct profile **ret)
{
	struct profile *profile = profile_new();
	struct diag diag = {0};
	int err;

	if (!profile)
		return -ENOMEM;
	profile->period = run->rate;
	err = sampling_fetch(run->inspection.protocol, last, profile, &run->heap, &diag);
	profile->time_ns = clock_utc_ns();
	profile->duration_ns = clock_now_ns() - run->begin_ns;
	if (!err && add_notes(run, profile))
		err = -ENOMEM;
	if (!err) {
		*ret = profile;
		return 0;
	}
	profile_free(profile);
	if (err != -ENOTCONN)
		cmd_fail(err, &diag, "cannot read the profile of pid %d",
			 run->options->targets.selection.pids[0]);
	return err;
}

static int write_profile(const struct run *run, const char *path, const struct profile *profile)
{
	struct output_options output = run->output;
	int err;

	output.path = path;
	err = output_write(&output, "the recording", run->options->quiet, run->options->verbose,
			   profile);
	if (!err)
		record_push_add(run->options->pushing, path);
	return err;
}

/* 1 when there is nobody to ask any more. */
static int write_snapshot(struct run *run)
{
	struct profile *profile;
	char *path;
	int err = fetch(run, false, &profile);

	run->inspection.lost = err == -ENOTCONN;
	if (err)
		return run->inspection.lost ? 1 : err;
	profile_free(run->latest);
	run->latest = profile;
	path = output_snapshot_path(&run->output, ++run->nr_snapshots);
	err = path ? write_profile(run, path, profile) : -ENOMEM;
	free(path);
	return err;
}

/* Until a signal, @due_ns, the end of the process or of the connection. 1 when it is over. */
static int sleep_until(struct run *run, uint64_t due_ns)
{
	struct pollfd fds[] = {
		{.fd = run->signals, .events = POLLIN},
		{.fd = run->inspection.target.pidfd, .events = POLLIN},
		{.fd = protocol_fd(run->inspection.protocol), .events = POLLIN},
	};
	uint64_t now = clock_now_ns();
	int ms = MAX_SLEEP_MS, n;

	if (due_ns <= now)
		return 0;
	if ((due_ns - now) / 1000000 < MAX_SLEEP_MS)
		ms = (due_ns - now) / 1000000 + 1;
	n = poll(fds, sizeof(fds) / sizeof(fds[0]), ms);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	if (fds[0].revents)
		return 1;
	run->inspection.lost = fds[1].revents || protocol_service(run->inspection.protocol);
	return run->inspection.lost || protocol_is_waited_for(run->inspection.protocol);
}

static int wait_for_end(struct run *run)
{
	const struct record_options *options = run->options;
	uint64_t end_ns = options->duration_ns ? run->begin_ns + options->duration_ns : UINT64_MAX;
	uint64_t snapshot_ns = UINT64_MAX;
	int result = 0;

	if (options->interval_ns)
		snapshot_ns = run->begin_ns + options->interval_ns;
	while (!result && clock_now_ns() < end_ns) {
		if (clock_now_ns() >= snapshot_ns) {
			result = write_snapshot(run);
			snapshot_ns += options->interval_ns;
			continue;
		}
		result = sleep_until(run, snapshot_ns < end_ns ? snapshot_ns : end_ns);
	}
	return result < 0 ? result : 0;
}

/* The process is gone with what V8 knew; a snapshot may be there. */
static int use_latest(struct run *run, struct profile **ret)
{
	struct profile *profile = run->latest;

	if (!profile) {
		cmd_message("pid %d ended, or closed its inspector, before its profile could be "
			    "read: nothing is written; -i 10s would have kept snapshots",
			    run->options->targets.selection.pids[0]);
		return -ESRCH;
	}
	run->latest = NULL;
	cmd_warning("pid %d ended, or closed its inspector, before its profile could be read: this "
		    "is the snapshot of %.1f s before",
		    run->options->targets.selection.pids[0],
		    (clock_now_ns() - run->begin_ns - profile->duration_ns) / 1e9);
	*ret = profile;
	return profile_set_note(profile, "incomplete",
				"the process ended before the last profile could be read: this is "
				"its last snapshot");
}

static void say_end(const struct run *run, const struct profile *profile)
{
	char bytes[TEXT_SIZE], used[TEXT_SIZE] = "unknown", rate[TEXT_SIZE], watched[TEXT_SIZE];
	char sampled[80] = "every allocation", error[64] = "";
	double held = profile_total(profile, METRIC_INUSE_SPACE);

	if (run->options->quiet)
		return;
	if (run->rate > 1)
		snprintf(sampled, sizeof(sampled), "one sample per %s",
			 text_bytes(rate, run->rate));
	if (held > 0 && run->rate > 1)
		snprintf(error, sizeof(error), " (standard error at most %.1f%%)",
			 100 * sqrt(run->rate / held));
	if (run->heap.used)
		text_bytes(used, run->heap.used);
	cmd_message("in use: %s%s, allocated in the %s since the start, of %s that JavaScript "
		    "holds; %s",
		    text_bytes(bytes, held), error, text_duration(watched, profile->duration_ns),
		    used, sampled);
	cmd_message("objects are not counted, V8 does not tell; worker threads are not seen");
	if (strcmp(run->output.path, "-") != 0)
		cmd_message("wrote %s", run->output.path);
}

static int finish(struct run *run)
{
	const struct process *process = &run->inspection.target.process;
	struct profile *profile = NULL;
	char *path = NULL;
	int err;

	err = run->inspection.lost ? -ENOTCONN : fetch(run, true, &profile);
	run->inspection.lost = err == -ENOTCONN;
	if (run->inspection.lost)
		err = use_latest(run, &profile);
	if (!err && !run->output.path)
		run->output.path = path =
			output_default_path(&run->output, process->comm, process->pid);
	if (!err)
		err = run->output.path ? write_profile(run, run->output.path, profile) : -ENOMEM;
	if (!err)
		say_end(run, profile);
	if (!err && run->options->strict && profile_note(profile, "incomplete"))
		err = 1;
	profile_free(profile);
	free(path);
	return err;
}

int record_inspector_run(struct record_options *options)
{
	struct run run = {
		.options = options,
		.output = options->output,
		.rate = options->has_rate ? options->session.rate : SAMPLING_DEFAULT_RATE,
		.inspection.target.pidfd = -1,
	};
	int err;

	if (options->output.path && output_check(options->output.path))
		return EXIT_FAILED;
	run.signals = open_signals();
	err = run.signals < 0 ? run.signals : start(&run);
	if (err) {
		inspection_close(&run.inspection);
		return cmd_exit_status(err);
	}
	err = wait_for_end(&run);
	err = err ?: finish(&run);
	inspection_close(&run.inspection);
	profile_free(run.latest);
	close(run.signals);
	return err > 0 ? EXIT_LOST : err ? EXIT_FAILED : EXIT_DONE;
}
