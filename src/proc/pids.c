// SPDX-License-Identifier: Apache-2.0
/* The directories of /proc whose names are numbers. */
#include "proc/pids.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

/* PROC_PID_INIT_INO of include/linux/proc_ns.h. */
#define FIRST_NAMESPACE 0xeffffffcU

bool pids_are_global(void)
{
	struct stat stat_ns;

	return stat("/proc/self/ns/pid", &stat_ns) || stat_ns.st_ino == FIRST_NAMESPACE;
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
