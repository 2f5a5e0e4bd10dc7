// SPDX-License-Identifier: Apache-2.0
/* heaptap store: what a store of profiles holds, and removing what is old. */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"
#include "cmd/keep_options.h"
#include "cmd/options.h"
#include "export/text.h"
#include "store/profiles.h"
#include "store/prune.h"

struct store_options {
	const char *verb, *dir, *series;
	struct prune_options keep;
	bool quiet;
};

static const struct argp_option store_table[] = {
	{"quiet", 'q', NULL, 0, "Do not say what was removed", 2},
	{0},
};

static void settle(const struct store_options *options, const struct argp_state *state)
{
	bool prune = options->verb && !strcmp(options->verb, "prune");

	if (!options->verb || (strcmp(options->verb, "ls") != 0 && !prune))
		argp_error(state, "what to do? ls DIR, or prune DIR");
	if (!options->dir)
		argp_error(state, "which DIR? The directory that record --store writes to");
	if (prune && !keep_options_given(&options->keep))
		argp_error(state, "prune: what to keep? Give --keep N or --keep-for TIME");
	if (!prune && keep_options_given(&options->keep))
		argp_error(state, "--keep and --keep-for: are for prune");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct store_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->keep;
		return 0;
	case 'q':
		options->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		if (!options->verb)
			options->verb = arg;
		else if (!options->dir)
			options->dir = arg;
		else if (!options->series)
			options->series = arg;
		else
			argp_error(state, "'%s' is one argument too many", arg);
		return 0;
	case ARGP_KEY_END:
		settle(options, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child store_children[] = {
	{&keep_argp, 0, "What to keep:", 1},
	{0},
};

const struct argp store_argp = {
	.options = store_table,
	.parser = parse,
	.args_doc = "ls DIR [SERIES]\nprune DIR [SERIES]",
	.doc = "List or clear up the profiles that record --store left in a directory."
	       "\v"
	       "A store has a directory for each program, its series, and in it a file for each "
	       "recording, named by the UTC of its end and the process. Other files are never "
	       "touched.\n"
	       "\n"
	       "Examples:\n"
	       "  heaptap store ls /var/lib/heaptap\n"
	       "  heaptap store ls /var/lib/heaptap node\n"
	       "  heaptap store prune /var/lib/heaptap --keep 1000 --keep-for 30d\n"
	       "\n" OPTION_EXIT_HELP,
	.children = store_children,
};

static const char *text_time(char text[32], int64_t time)
{
	time_t seconds = time;
	struct tm tm;

	strftime(text, 32, "%Y-%m-%d %H:%M:%SZ", gmtime_r(&seconds, &tm));
	return text;
}

/* A row for each series. */
static void list_series(const struct stored_profiles *profiles)
{
	char first[32], last[32], size[TEXT_SIZE];

	if (profiles->nr)
		printf("%-24s %8s  %-20s  %-20s %8s\n", "SERIES", "PROFILES", "FIRST", "LAST",
		       "SIZE");
	for (uint32_t i = 0, next; i < profiles->nr; i = next) {
		const struct stored_profile *all = profiles->all;
		uint64_t bytes = 0;

		for (next = i; next < profiles->nr && !strcmp(all[next].series, all[i].series);
		     next++)
			bytes += all[next].size;
		printf("%-24s %8" PRIu32 "  %-20s  %-20s %8s\n", all[i].series, next - i,
		       text_time(first, all[i].time), text_time(last, all[next - 1].time),
		       text_bytes(size, bytes));
	}
}

/* A row for each profile of one series. */
static void list_profiles(const struct store_options *options,
			  const struct stored_profiles *profiles)
{
	char when[32], size[TEXT_SIZE];

	if (profiles->nr)
		printf("%-20s %8s %8s  %s\n", "TIME", "PID", "SIZE", "FILE");
	for (uint32_t i = 0; i < profiles->nr; i++) {
		const struct stored_profile *profile = &profiles->all[i];
		char pid[16] = "several";

		if (profile->pid)
			snprintf(pid, sizeof(pid), "%d", profile->pid);
		printf("%-20s %8s %8s  %s/%s/%s\n", text_time(when, profile->time), pid,
		       text_bytes(size, profile->size), options->dir, profile->series,
		       profile->name);
	}
}

static int list(const struct store_options *options, const struct store *store, struct diag *diag)
{
	struct stored_profiles profiles;
	int err = stored_profiles_read(store, options->series, &profiles, diag);

	if (err)
		return err;
	if (options->series)
		list_profiles(options, &profiles);
	else
		list_series(&profiles);
	if (!profiles.nr && !options->quiet)
		cmd_message("%s holds no profiles", options->dir);
	if (profiles.nr_foreign && !options->quiet)
		cmd_message("%" PRIu32 " other files are there, which are left alone",
			    profiles.nr_foreign);
	stored_profiles_done(&profiles);
	return 0;
}

static int prune(const struct store_options *options, const struct store *store, struct diag *diag)
{
	struct pruned pruned;
	char bytes[TEXT_SIZE];
	int err = store_prune(store, options->series, &options->keep, time(NULL), &pruned, diag);

	if (!options->quiet)
		cmd_message("removed %" PRIu32 " files of %s", pruned.nr,
			    text_bytes(bytes, pruned.bytes));
	return err;
}

int cmd_store(int argc, char **argv)
{
	struct store_options options = {0};
	struct store *store = NULL;
	struct diag diag = {0};
	int err;

	argp_parse(&store_argp, argc, argv, 0, NULL, &options);
	err = store_open(options.dir, false, &store, &diag);
	if (!err && !strcmp(options.verb, "ls"))
		err = list(&options, store, &diag);
	else if (!err)
		err = prune(&options, store, &diag);
	if (err)
		cmd_message("%s", diag.text);
	store_close(store);
	return err ? EXIT_FAILED : EXIT_DONE;
}
