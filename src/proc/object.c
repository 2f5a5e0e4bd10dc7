// SPDX-License-Identifier: Apache-2.0
/*
 * From a line of /proc/PID/maps to a descriptor of the very inode that is mapped. The first way is
 * /proc/PID/map_files, which leads to it even when it is deleted, replaced, or in another mount
 * namespace; it needs CAP_CHECKPOINT_RESTORE (5.9) or CAP_SYS_ADMIN. The second is the path below
 * /proc/PID/root, taken only if it names the inode that maps tells.
 *
 * Invariant: nothing is opened for reading before it is known to be a regular file, and a path
 * never leads out of the target's root.
 */
#include "proc/object.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc/objects.h"
#include "proc/procfs.h"
#include "proc/root.h"

#define VDSO_NAME "[vdso]"
#define VDSO_MAX  (1U << 20) /* bytes; it has 8 KiB */

/* How an inode is told from another. */
struct identity {
	uint64_t dev, ino;
};

bool object_exists(const struct maps_entry *entry)
{
	return entry->ino || !strcmp(entry->name, VDSO_NAME);
}

/* An O_PATH descriptor of what @path means to the process; -ESTALE unless that is @identity. */
static int path_open_identity(int dir, const char *path, struct identity identity)
{
	int fd = root_openat(dir, path, O_PATH);
	struct stat st;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) || st.st_dev != identity.dev || st.st_ino != identity.ino) {
		close(fd);
		return -ESTALE;
	}
	return fd;
}

/* maps writes a newline in a path as \012, and a backslash as itself. */
static void unescape_newlines(char *path)
{
	char *out = path;

	while (*path) {
		if (!strncmp(path, "\\012", 4)) {
			*out++ = '\n';
			path += 4;
		} else {
			*out++ = *path++;
		}
	}
	*out = '\0';
}

/*
 * The second way. The device in maps is that of the superblock: equal to st_dev on most file
 * systems, another number on btrfs and on some overlays, where this way therefore ends in an error
 * rather than in a guess.
 */
static int mapped_open_by_path(int dir, const struct maps_entry *entry)
{
	const struct identity identity = {entry->dev, entry->ino};
	char *path;
	int fd;

	if (entry->name[0] != '/')
		return -ENOENT;
	fd = path_open_identity(dir, entry->name, identity);
	if (fd >= 0 || !strstr(entry->name, "\\012"))
		return fd;
	path = strdup(entry->name);
	if (!path)
		return -ENOMEM;
	unescape_newlines(path);
	fd = path_open_identity(dir, path, identity);
	free(path);
	return fd;
}

/* An O_PATH descriptor of the mapped inode. When both ways fail the error is that of the first,
 * which is the one that would always lead there. */
static int mapped_open(int dir, const struct maps_entry *entry)
{
	char name[64];
	int fd, by_path;

	snprintf(name, sizeof(name), "map_files/%" PRIx64 "-%" PRIx64, entry->start, entry->end);
	fd = procfs_openat(dir, name, O_PATH);
	if (fd >= 0)
		return fd;
	by_path = mapped_open_by_path(dir, entry);
	return by_path >= 0 ? by_path : fd;
}

static int64_t mtime_ns(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* As mapped_open(), when it is a regular file, the one that maps tells; and what it is. */
static int file_handle(int dir, const struct maps_entry *entry, struct object_key *ret)
{
	int handle = mapped_open(dir, entry), err = 0;
	struct stat st;

	if (handle < 0)
		return handle;
	if (fstat(handle, &st))
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -ENOTSUP;
	else if (st.st_dev == entry->dev && st.st_ino != entry->ino)
		err = -ESTALE;
	if (err) {
		close(handle);
		return err;
	}
	*ret = (struct object_key){st.st_dev, st.st_ino, mtime_ns(&st)};
	return handle;
}

int object_peek(int dir, const struct maps_entry *entry, struct object_key *ret)
{
	int handle = file_handle(dir, entry, ret);

	if (handle < 0)
		return handle;
	close(handle);
	return 0;
}

static int file_open(int dir, const struct maps_entry *entry, struct object *object)
{
	struct object_key key;
	int handle = file_handle(dir, entry, &key), fd;

	if (handle < 0)
		return handle;
	fd = procfs_reopen(handle);
	close(handle);
	if (fd < 0)
		return fd;
	object->dev = key.dev;
	object->ino = key.ino;
	object->mtime_ns = key.mtime_ns;
	return fd;
}

/* The vDSO has no file; its bytes are the same for as long as the process lives. */
static int vdso_open(int dir, const struct maps_entry *entry)
{
	size_t size = entry->end - entry->start;
	int mem, fd = -1, err;
	ssize_t n;
	char *bytes;

	if (size > VDSO_MAX)
		return -EFBIG;
	bytes = malloc(size);
	if (!bytes)
		return -ENOMEM;
	err = mem = procfs_openat(dir, "mem", O_RDONLY);
	if (mem < 0)
		goto out;
	n = pread(mem, bytes, size, (off_t)entry->start);
	if (n != (ssize_t)size) {
		err = n < 0 ? -errno : -ESRCH;
		goto out;
	}
	fd = memfd_create(VDSO_NAME, MFD_CLOEXEC);
	if (fd < 0 || pwrite(fd, bytes, size, 0) != n) {
		err = -errno;
		goto out;
	}
	err = fd;
	fd = -1;
out:
	if (fd >= 0)
		close(fd);
	if (mem >= 0)
		close(mem);
	free(bytes);
	return err;
}

/*
 * maps adds " (deleted)" to the path of a file that was unlinked or replaced, which is also a
 * valid end of a name: it is part of the name when the whole path still leads to the file.
 */
static void judge_deleted(int dir, struct object *object)
{
	const struct identity identity = {object->dev, object->ino};
	size_t len = strlen(object->path), suffix = strlen(MAPS_DELETED);
	int fd;

	if (len < suffix || strcmp(object->path + len - suffix, MAPS_DELETED))
		return;
	fd = path_open_identity(dir, object->path, identity);
	if (fd >= 0) {
		close(fd);
		return;
	}
	object->path[len - suffix] = '\0';
	object->deleted = true;
}

struct object *object_open(int dir, const struct maps_entry *entry)
{
	struct object *object = calloc(1, sizeof(*object));

	if (!object)
		return NULL;
	object->refs = 1;
	object->fd = -1;
	object->path = strdup(entry->name);
	object->root = ROOT_UNKNOWN;
	if (!object->path) {
		object_put(object);
		return NULL;
	}
	object->path_in_root = object->path + root_prefix(dir, object->path);
	object->vdso = !entry->ino;
	object->dev = entry->dev;
	object->ino = entry->ino;
	object->fd = object->vdso ? vdso_open(dir, entry) : file_open(dir, entry, object);
	if (object->fd < 0) {
		object->error = object->fd;
		object->fd = -1;
	}
	if (!object->vdso) {
		object->root = root_open(dir);
		judge_deleted(dir, object);
	}
	return object;
}

struct object_key object_key(const struct object *object)
{
	return (struct object_key){object->dev, object->ino, object->mtime_ns};
}

struct object *object_get(struct object *object)
{
	object->refs++;
	return object;
}

void object_put(struct object *object)
{
	if (!object || --object->refs)
		return;
	if (object->objects)
		objects_forget(object->objects, object);
	if (object->fd >= 0)
		close(object->fd);
	root_close(object->root);
	free(object->path);
	free(object);
}
