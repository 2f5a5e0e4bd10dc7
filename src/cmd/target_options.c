// SPDX-License-Identifier: Apache-2.0
/* Lists are given with commas (numbers alone) or by giving the option again. */
#include "cmd/target_options.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cmd/options.h"
#include "cmd/stop.h"
#include "proc/cgroup_path.h"

#define WAIT_INTERVAL_NS 100000000L

enum { OPTION_FOLLOW = OPTION_FIRST_TARGET, OPTION_WAIT, OPTION_ISOLATE };

static const struct argp_option target_table[] = {
	{"pid", 'p', "PID[,PID...]", 0, "Running processes; or give a command after --", 0},
	{"name", 'n', "GLOB", 0,
	 "Processes whose command name or executable matches, also those that start later", 0},
	{"cgroup", 'c', "PATH", 0,
	 "Processes in this control group or below it, also those that start later: a path below "
	 "/sys/fs/cgroup, with it or without",
	 0},
	{"all", 'a', NULL, 0, "All processes of the machine", 0},
	{"follow", OPTION_FOLLOW, NULL, 0,
	 "Also watch what they fork from now on, whatever it becomes", 0},
	{"isolate", OPTION_ISOLATE, NULL, 0,
	 "Put no probe into other processes, however many are watched; otherwise those beyond the "
	 "4th share probes that slow every process that maps the same allocator",
	 0},
	{"wait", OPTION_WAIT, NULL, 0, "When no process matches, wait for the first", 0},
	{0},
};

static void *extend(const struct argp_state *state, void *array, unsigned int nr, size_t size)
{
	array = reallocarray(array, nr + 1, size);
	if (!array)
		argp_failure(state, EXIT_FAILED, ENOMEM, "cannot take the options");
	return array;
}

static void add_pids(struct selection *selection, char *list, const struct argp_state *state)
{
	char *next = list, *text;

	while ((text = strsep(&next, ","))) {
		pid_t pid = option_number(state, "--pid", text, 1, INT_MAX);

		selection->pids = extend(state, selection->pids, selection->nr_pids, sizeof(pid_t));
		selection->pids[selection->nr_pids++] = pid;
	}
}

static char **add_text(const struct argp_state *state, const char *option, const char *text,
		       char **all, unsigned int *nr)
{
	if (!*text)
		argp_error(state, "%s: it is empty", option);
	all = extend(state, all, *nr, sizeof(char *));
	all[*nr] = strdup(text);
	if (!all[(*nr)++])
		argp_failure(state, EXIT_FAILED, ENOMEM, "cannot take the options");
	return all;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct target_options *options = state->input;
	struct selection *selection = &options->selection;

	switch (key) {
	case 'p':
		add_pids(selection, arg, state);
		return 0;
	case 'n':
		selection->names =
			add_text(state, "--name", arg, selection->names, &selection->nr_names);
		return 0;
	case 'c':
		selection->cgroups = add_text(state, "--cgroup", arg, selection->cgroups,
					      &selection->nr_cgroups);
		return 0;
	case 'a':
		selection->all = true;
		return 0;
	case OPTION_FOLLOW:
		selection->follow = true;
		return 0;
	case OPTION_ISOLATE:
		selection->isolate = true;
		return 0;
	case OPTION_WAIT:
		options->wait = true;
		return 0;
	case ARGP_KEY_END:
		if (options->wait && !selection->nr_names && !selection->nr_cgroups)
			argp_error(state, "--wait: is for --name and --cgroup");
		if (selection->isolate && selection->all)
			argp_error(state, "--isolate: with --all there are no others");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp target_argp = {.options = target_table, .parser = parse};

bool target_options_given(const struct target_options *options)
{
	return options->selection.nr_pids || selection_is_open(&options->selection);
}

/* A group that does not exist yet is waited for too. */
static int settle_cgroups(struct selection *selection, struct diag *diag)
{
	for (unsigned int i = 0; i < selection->nr_cgroups; i++) {
		char *path = cgroup_path_settle(selection->cgroups[i]);

		if (!path && errno == ENOENT)
			return diag_fail(diag, -ESRCH,
					 "--cgroup: there is no control group %s below "
					 "/sys/fs/cgroup; /proc/PID/cgroup has that of a process",
					 selection->cgroups[i]);
		if (!path)
			return diag_fail(diag, -ENOMEM, "out of memory");
		free(selection->cgroups[i]);
		selection->cgroups[i] = path;
	}
	return 0;
}

static int count(const struct selection *selection, unsigned int *ret)
{
	pid_t *pids;
	int err = selection_find(selection, &pids, ret);

	if (!err)
		free(pids);
	return err;
}

int target_options_settle(struct target_options *options, const sigset_t *sleeping,
			  struct diag *diag)
{
	const struct timespec pause = {0, WAIT_INTERVAL_NS};
	struct selection *selection = &options->selection;
	unsigned int nr = 0;
	int err;

	do {
		err = settle_cgroups(selection, diag);
		if (!err && options->wait)
			err = count(selection, &nr);
		if (!options->wait || (err && err != -ESRCH) || nr)
			return err;
		ppoll(NULL, 0, &pause, sleeping);
	} while (!stop_signal());
	return -EINTR;
}

int target_options_one(struct target_options *options, const sigset_t *sleeping, struct diag *diag,
		       pid_t *ret)
{
	int err = target_options_settle(options, sleeping, diag);
	char text[256];
	unsigned int nr;
	pid_t *pids;

	if (err)
		return err;
	err = selection_find(&options->selection, &pids, &nr);
	if (err)
		return diag_fail(diag, err, "cannot look through /proc");
	selection_describe(&options->selection, text, sizeof(text));
	if (!nr)
		err = diag_fail(diag, -ESRCH, "no process matches %s", text);
	else if (nr > 1)
		err = diag_fail(diag, -ENOTSUP,
				"%u processes match %s, and this watches one: give -p %d or "
				"another",
				nr, text, pids[0]);
	else
		*ret = pids[0];
	free(pids);
	return err;
}

static void free_texts(char **texts, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		free(texts[i]);
	free(texts);
}

void target_options_done(struct target_options *options)
{
	struct selection *selection = &options->selection;

	free(selection->pids);
	free_texts(selection->names, selection->nr_names);
	free_texts(selection->cgroups, selection->nr_cgroups);
	*options = (struct target_options){0};
}

void target_options_describe(const struct target_options *options, const struct process *one,
			     unsigned int nr, char *text, size_t size)
{
	char selection[256];

	if (!selection_is_open(&options->selection) && nr == 1) {
		if (one->inner_pid && one->inner_pid != one->pid)
			snprintf(text, size, "pid %d (%s, pid %d in its container)", one->pid,
				 one->comm, one->inner_pid);
		else
			snprintf(text, size, "pid %d (%s)", one->pid, one->comm);
		return;
	}
	selection_describe(&options->selection, selection, sizeof(selection));
	snprintf(text, size, "%u process%s (%s)", nr, nr == 1 ? "" : "es", selection);
}
