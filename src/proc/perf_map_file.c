// SPDX-License-Identifier: Apache-2.0
/* No path here leads out of the process's root, and nothing but a regular file is opened. */
#include "proc/perf_map_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc/procfs.h"

/* The pid in the innermost namespace: the last number of NSpid in status, Linux 4.1. */
static int inner_pid(int dir, long *ret)
{
	char status[8192], *line, *end;
	long n = procfs_read(dir, "status", status, sizeof(status));

	if (n < 0)
		return n;
	line = strstr(status, "\nNSpid:");
	if (!line)
		return -ENOENT;
	line += strlen("\nNSpid:");
	do {
		*ret = strtol(line, &end, 10);
		line = end;
	} while (*line == '\t');
	return *ret > 0 ? 0 : -ENOENT;
}

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

static int open_below(int dir, long pid)
{
	struct open_how how = {
		.flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int root = procfs_openat(dir, "root", O_PATH), fd, err;
	char path[64];

	if (root < 0)
		return root;
	snprintf(path, sizeof(path), "tmp/perf-%ld.map", pid);
	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	err = fd < 0 ? -errno : check_owner(fd, dir);
	close(root);
	if (err && fd >= 0)
		close(fd);
	return err ?: fd;
}

int perf_map_file_open(pid_t pid)
{
	int dir = procfs_open(pid), err;
	long inner;

	if (dir < 0)
		return dir;
	err = inner_pid(dir, &inner);
	err = err ?: open_below(dir, inner);
	close(dir);
	return err;
}
