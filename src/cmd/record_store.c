// SPDX-License-Identifier: Apache-2.0
#include "cmd/record_store.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "cmd/cmd.h"
#include "store/prune.h"

/* As the user named it, so that what begins every minute is recognized. */
static void describe(const struct record_options *options, char *text, size_t size)
{
	if (options->command)
		snprintf(text, size, "%s", options->command[0]);
	else
		selection_describe(&options->targets.selection, text, size);
}

int record_store_open(const struct record_options *options, struct store **ret)
{
	struct diag diag = {0};
	char target[256];
	pid_t holder = 0;
	int err;

	*ret = NULL;
	if (!options->store)
		return 0;
	err = store_open(options->store, true, ret, &diag);
	describe(options, target, sizeof(target));
	err = err ?: store_lock(*ret, target, &holder, &diag);
	if (err == -EBUSY) {
		if (holder)
			cmd_message(
				"%s is being recorded into %s already, by pid %d: nothing is done",
				target, options->store, holder);
		else
			cmd_message("%s is being recorded into %s already: nothing is done", target,
				    options->store);
		return 1;
	}
	if (err)
		cmd_message("%s", diag.text);
	return err;
}

char *record_store_path(const struct store *store, const char *comm, pid_t pid)
{
	struct diag diag = {0};
	char *path;

	if (!store_new_path(store, comm, time(NULL), pid, &path, &diag))
		return path;
	cmd_message("%s", diag.text);
	return NULL;
}

void record_store_prune(const struct store *store, const struct record_options *options,
			const char *comm)
{
	struct diag diag = {0};
	struct pruned pruned;
	char *series;

	if (!keep_options_given(&options->keep))
		return;
	series = store_escape(comm);
	if (series && store_prune(store, series, &options->keep, time(NULL), &pruned, &diag))
		cmd_warning("%s", diag.text);
	free(series);
}
