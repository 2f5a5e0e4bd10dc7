// SPDX-License-Identifier: Apache-2.0
/* The directories of /proc whose names are numbers. */
#include "proc/pids.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* PROC_PID_INIT_INO of include/linux/proc_ns.h. */
#define FIRST_NAMESPACE 0xeffffffcU

void pids_namespace(struct pids_namespace *ret)
{
	struct stat own;

	*ret = (struct pids_namespace){0};
	if (!stat("/proc/self/ns/pid", &own) && own.st_ino != FIRST_NAMESPACE)
		*ret = (struct pids_namespace){own.st_dev, own.st_ino};
}

bool pids_are_told(pid_t pid)
{
	struct pids_namespace own;
	struct stat its;
	char path[64];

	pids_namespace(&own);
	snprintf(path, sizeof(path), "/proc/%d/ns/pid", pid);
	return !own.ino || stat(path, &its) || its.st_ino == own.ino;
}

int pids_each(int (*visit)(pid_t pid, void *arg), void *arg)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int err = 0;

	if (!proc)
		return -errno;
	while (!err && (entry = readdir(proc))) {
		char *end;
		long pid = strtol(entry->d_name, &end, 10);

		if (pid > 0 && pid <= INT_MAX && !*end)
			err = visit((pid_t)pid, arg);
	}
	closedir(proc);
	return err;
}
