// SPDX-License-Identifier: Apache-2.0
/* A look at /proc for each process; numbers are taken at their word. */
#include "collect/selection.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc/cgroup_path.h"
#include "proc/pids.h"

bool selection_is_open(const struct selection *selection)
{
	return selection->all || selection->nr_names || selection->nr_cgroups;
}

bool selection_is_several(const struct selection *selection)
{
	return selection_is_open(selection) || selection->nr_pids > 1 || selection->follow;
}

static bool has_name(const struct selection *selection, const struct process *process)
{
	const char *slash = strrchr(process->exe, '/');
	const char *base = slash ? slash + 1 : process->exe;

	for (unsigned int i = 0; i < selection->nr_names; i++)
		if (!fnmatch(selection->names[i], process->comm, 0) ||
		    !fnmatch(selection->names[i], base, 0))
			return true;
	return false;
}

static bool has_cgroup(const struct selection *selection, pid_t pid)
{
	for (unsigned int i = 0; i < selection->nr_cgroups; i++)
		if (cgroup_path_has(selection->cgroups[i], pid) > 0)
			return true;
	return false;
}

bool selection_has(const struct selection *selection, const struct process *process)
{
	if (process->pid == getpid() || process->kernel_thread || process->state == 'Z' ||
	    process->state == 'X')
		return false;
	return selection->all || has_name(selection, process) ||
	       has_cgroup(selection, process->pid);
}

struct found {
	const struct selection *selection;
	pid_t *pids;
	unsigned int nr, max;
};

static int add(struct found *found, pid_t pid)
{
	for (unsigned int i = 0; i < found->selection->nr_pids && i < found->nr; i++)
		if (found->pids[i] == pid)
			return 0;
	if (found->nr == found->max) {
		unsigned int max = found->max ? 2 * found->max : 64;
		pid_t *pids = reallocarray(found->pids, max, sizeof(*pids));

		if (!pids)
			return -ENOMEM;
		found->pids = pids;
		found->max = max;
	}
	found->pids[found->nr++] = pid;
	return 0;
}

static int visit(pid_t pid, void *arg)
{
	struct found *found = arg;
	struct process process;

	if (process_read(pid, &process) || !selection_has(found->selection, &process))
		return 0;
	return add(found, pid);
}

int selection_find(const struct selection *selection, pid_t **ret, unsigned int *ret_nr)
{
	struct found found = {.selection = selection};
	int err = 0;

	for (unsigned int i = 0; i < selection->nr_pids && !err; i++)
		err = add(&found, selection->pids[i]);
	if (selection_is_open(selection))
		err = err ?: pids_each(visit, &found);
	if (err) {
		free(found.pids);
		return err;
	}
	*ret = found.pids;
	*ret_nr = found.nr;
	return 0;
}

static void describe(FILE *out, const char *option, char *const *values, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		fprintf(out, "%s%s %s", ftell(out) > 0 ? " " : "", option, values[i]);
}

void selection_describe(const struct selection *selection, char *text, size_t size)
{
	FILE *out = fmemopen(text, size, "w");

	*text = '\0';
	if (!out)
		return;
	if (selection->all)
		fputs("--all", out);
	describe(out, "--name", selection->names, selection->nr_names);
	describe(out, "--cgroup", selection->cgroups, selection->nr_cgroups);
	for (unsigned int i = 0; i < selection->nr_pids; i++)
		fprintf(out, "%s%d",
			i		 ? ","
			: ftell(out) > 0 ? " --pid "
					 : "--pid ",
			selection->pids[i]);
	fclose(out);
}
