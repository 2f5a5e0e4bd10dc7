// SPDX-License-Identifier: Apache-2.0
/* No path here leads out of the process's root, and nothing but a regular file is opened. */
#include "proc/perf_map_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc/procfs.h"
#include "proc/root.h"

static int check_owner(int fd, int dir)
{
	struct stat st, process;

	if (fstat(fd, &st) || fstat(dir, &process))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOENT;
	if (st.st_uid && st.st_uid != geteuid() && st.st_uid != process.st_uid)
		return -EPERM;
	return 0;
}

int perf_map_file_open(pid_t pid, pid_t inner_pid)
{
	int dir = procfs_open(pid), fd, err;
	char path[64];

	if (dir < 0)
		return dir;
	snprintf(path, sizeof(path), "tmp/perf-%d.map", inner_pid);
	fd = root_openat(dir, path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
	err = fd < 0 ? fd : check_owner(fd, dir);
	close(dir);
	if (err && fd >= 0)
		close(fd);
	return err ?: fd;
}
