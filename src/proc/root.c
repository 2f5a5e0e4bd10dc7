// SPDX-License-Identifier: Apache-2.0
/*
 * The descriptor pins the mount, no more than those of the files mapped from it do. A file is first
 * held by O_PATH, which touches no driver and no pipe, and is opened once it is known what it is.
 */
#include "proc/root.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc/procfs.h"

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_ours(int dir, int root)
{
	struct stat theirs, ours;

	return !fstat(root, &theirs) && !stat("/", &ours) && same_file(&theirs, &ours) &&
	       !fstatat(dir, "ns/mnt", &theirs, 0) && !stat("/proc/self/ns/mnt", &ours) &&
	       same_file(&theirs, &ours);
}

int root_open(int dir)
{
	int root = procfs_openat(dir, "root", O_PATH | O_DIRECTORY);

	if (root < 0)
		return ROOT_UNKNOWN;
	if (!is_ours(dir, root))
		return root;
	close(root);
	return ROOT_OURS;
}

void root_close(int root)
{
	if (root >= 0)
		close(root);
}

size_t root_prefix(int dir, const char *path)
{
	char root[PATH_MAX];
	ssize_t size = readlinkat(dir, "root", root, sizeof(root));

	if (size <= 1 || size == sizeof(root) || strncmp(path, root, size) != 0 ||
	    path[size] != '/')
		return 0;
	return size;
}

static int open_below(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned int)flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

int root_openat(int dir, const char *path, int flags)
{
	int root = procfs_openat(dir, "root", O_PATH), fd;

	if (root < 0)
		return root;
	fd = open_below(root, path, flags);
	close(root);
	return fd;
}

static int path_open(int root, const char *path)
{
	int fd;

	if (root == ROOT_UNKNOWN)
		return -ENOENT;
	if (root != ROOT_OURS)
		return open_below(root, path, O_PATH);
	fd = open(path, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int root_open_file(int root, const char *path)
{
	int handle = path_open(root, path), fd = -ENOTSUP;
	struct stat st;

	if (handle < 0)
		return handle;
	if (!fstat(handle, &st) && S_ISREG(st.st_mode))
		fd = procfs_reopen(handle);
	close(handle);
	return fd;
}
