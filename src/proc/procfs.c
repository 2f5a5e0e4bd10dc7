// SPDX-License-Identifier: Apache-2.0
/*
 * Opening and reading below /proc/PID. A process that is gone shows itself in three ways (ENOENT
 * at the directory, ENOENT or ESRCH at a file of it); here they become one, -ESRCH.
 */
#include "proc/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int procfs_open(pid_t pid)
{
	char path[32];
	int fd;

	if (pid <= 0)
		return -ESRCH;
	snprintf(path, sizeof(path), "/proc/%d", pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return fd;
}

int procfs_openat(int dir, const char *name, int flags)
{
	int fd = openat(dir, name, flags | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return fd;
}

long procfs_read(int dir, const char *name, char *buffer, size_t size)
{
	size_t filled = 0;
	ssize_t n;
	int fd, err = 0;

	fd = procfs_openat(dir, name, O_RDONLY);
	if (fd < 0)
		return fd;
	while (filled < size - 1) {
		n = read(fd, buffer + filled, size - 1 - filled);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			err = -errno;
		if (n <= 0)
			break;
		filled += n;
	}
	close(fd);
	if (err)
		return err;
	buffer[filled] = '\0';
	return filled;
}

int procfs_boot_id(char ret[PROCFS_BOOT_ID_SIZE])
{
	long n = procfs_read(AT_FDCWD, "/proc/sys/kernel/random/boot_id", ret, PROCFS_BOOT_ID_SIZE);

	return n < 0 ? (int)n : n == PROCFS_BOOT_ID_SIZE - 1 ? 0 : -EPROTO;
}

int procfs_reopen(int handle)
{
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", handle);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}
