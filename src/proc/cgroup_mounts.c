// SPDX-License-Identifier: Apache-2.0
/* They are taken from /proc/mounts. */
#include "proc/cgroup_mounts.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proc/procfs.h"

#define MOUNTS_SIZE (256 << 10)

char *cgroup_mounts_read(void)
{
	char *mounts = calloc(1, MOUNTS_SIZE);
	int dir = procfs_open(getpid());

	if (mounts && (dir < 0 || procfs_read(dir, "mounts", mounts, MOUNTS_SIZE) < 0)) {
		free(mounts);
		mounts = NULL;
	}
	if (dir >= 0)
		close(dir);
	return mounts;
}

bool cgroup_mounts_each(const char *mounts, bool (*visit)(const char *mount, void *arg), void *arg)
{
	char mount[PATH_MAX], type[32];

	for (const char *line = mounts; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (sscanf(line, "%*s %4095s %31s", mount, type) == 2 &&
		    !strncmp(type, "cgroup", strlen("cgroup")) && visit(mount, arg))
			return true;
	return false;
}
