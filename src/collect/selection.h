/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is to be watched: by number, by name, by control group, or all; and which processes that is.
 */
#ifndef HEAPTAP_COLLECT_SELECTION_H
#define HEAPTAP_COLLECT_SELECTION_H

#include <stdbool.h>
#include <sys/types.h>

#include "proc/process.h"
#include "util/diag.h"

/* The arrays are the caller's. Zeroed it is for a command that heaptap starts. */
struct selection {
	unsigned int nr_pids, nr_names, nr_cgroups;
	pid_t *pids;
	char **names;	/* globs of the command's name or of its file's */
	char **cgroups; /* as in cgroup_path_settle() */
	bool all;
	bool isolate; /* no probe in other processes, however many these are */
	bool follow;  /* also what those fork, whatever they exec */
};

/* Can processes belong to it that start later, without being forked by one that does? */
bool selection_is_open(const struct selection *selection);

/* Can it be more than one process? */
bool selection_is_several(const struct selection *selection);

/* Does @process belong to it? Not: heaptap itself, and what is no user's process. */
bool selection_has(const struct selection *selection, const struct process *process);

/* The processes that belong to it now, *ret_nr of them, the caller's to free. Those given by number
 * come as they were given, there or not. 0 or -errno. */
int selection_find(const struct selection *selection, pid_t **ret, unsigned int *ret_nr);

/* Fills @text with how the user would say it: "--name redis*". */
void selection_describe(const struct selection *selection, char *text, size_t size);

#endif
