// SPDX-License-Identifier: Apache-2.0
/*
 * Names and trust; what is in a file is table_file.h's. Everything happens below one directory
 * descriptor. Only names that end as ours do are ever removed.
 */
#include "unwind/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf/image.h"
#include "unwind/cache_files.h"
#include "unwind/table.h"
#include "unwind/table_file.h"

struct unwind_cache {
	int dir;
	uint64_t max_size;
};

static bool is_ours(const struct stat *st)
{
	return !st->st_uid || st->st_uid == geteuid();
}

static bool is_trusted(const struct stat *st)
{
	return is_ours(st) && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

int unwind_cache_open_at(const char *path, uint64_t max_size, struct unwind_cache **ret,
			 struct diag *diag)
{
	struct unwind_cache *cache;
	struct stat st;
	int dir, err = 0;

	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fstat(dir, &st))
		err = diag_fail(diag, -errno, "unwind tables are not cached: cannot open %s: %s",
				path, strerror(errno));
	else if (!is_trusted(&st))
		err = diag_fail(diag, -EPERM,
				"unwind tables are not cached: %s belongs to user %u with mode %o; "
				"it must be yours and writable by nobody else",
				path, st.st_uid, st.st_mode & 07777);
	cache = err ? NULL : malloc(sizeof(*cache));
	if (!cache) {
		if (dir >= 0)
			close(dir);
		return err ? err : -ENOMEM;
	}
	*cache = (struct unwind_cache){dir, max_size};
	*ret = cache;
	return 0;
}

void unwind_cache_close(struct unwind_cache *cache)
{
	if (!cache)
		return;
	close(cache->dir);
	free(cache);
}

/* The directory's parent; false when there is none. A relative XDG_CACHE_HOME is invalid. */
static bool find_parent(char parent[PATH_MAX])
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int n;

	if (xdg && *xdg == '/')
		n = snprintf(parent, PATH_MAX, "%s", xdg);
	else if (!geteuid())
		n = snprintf(parent, PATH_MAX, "/var/cache");
	else if (home && *home == '/')
		n = snprintf(parent, PATH_MAX, "%s/.cache", home);
	else
		return false;
	return n < PATH_MAX;
}

int unwind_cache_open(struct unwind_cache **ret, struct diag *diag)
{
	char parent[PATH_MAX], path[PATH_MAX + sizeof("/heaptap")];

	if (!find_parent(parent))
		return diag_fail(diag, -ENOENT,
				 "unwind tables are not cached: neither XDG_CACHE_HOME nor HOME "
				 "is an absolute path");
	snprintf(path, sizeof(path), "%s/heaptap", parent);
	mkdir(parent, 0700); /* what matters is whether it can be opened */
	mkdir(path, 0700);
	return unwind_cache_open_at(path, UNWIND_CACHE_SIZE, ret, diag);
}

/* What names the object behind @fd. */
static int read_key(int fd, char key[TABLE_FILE_MAX_KEY])
{
	char build_id[UNWIND_BUILD_ID_SIZE] = "";
	struct elf_image *image;
	struct stat st;
	int err;

	if (fstat(fd, &st))
		return -errno;
	err = elf_image_open(fd, &image);
	if (err)
		return err;
	if (is_ours(&st))
		elf_image_build_id(image, build_id, sizeof(build_id));
	elf_image_free(image);
	if (*build_id) /* a debug file has the id of its program, but not its size */
		snprintf(key, TABLE_FILE_MAX_KEY, "%s-%llx", build_id, (long long)st.st_size);
	else /* st_ctim: its owner cannot set it back */
		snprintf(key, TABLE_FILE_MAX_KEY, "%llx-%llx-%llx-%llx.%lx", (long long)st.st_dev,
			 (long long)st.st_ino, (long long)st.st_size, (long long)st.st_ctim.tv_sec,
			 st.st_ctim.tv_nsec);
	return 0;
}

int unwind_cache_load(const struct unwind_cache *cache, int fd, struct unwind_table **ret)
{
	const struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
	char key[TABLE_FILE_MAX_KEY], name[NAME_MAX];
	struct stat st;
	int file, err;

	if (read_key(fd, key))
		return -ENOENT;
	snprintf(name, sizeof(name), "%s" CACHE_FILES_SUFFIX, key);
	file = openat(cache->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (file < 0)
		return -ENOENT;
	err = -ENOENT;
	if (!fstat(file, &st) && S_ISREG(st.st_mode) && is_trusted(&st))
		err = table_file_read(file, key, ret);
	if (!err)
		futimens(file, now); /* the order of use; fails when root wrote it, no harm */
	close(file);
	return err ? -ENOENT : 0;
}

int unwind_cache_store(const struct unwind_cache *cache, int fd, const struct unwind_table *table)
{
	char key[TABLE_FILE_MAX_KEY], name[NAME_MAX], temp[NAME_MAX];
	uint64_t random, size = table_file_size(table);
	int file, err;

	err = read_key(fd, key);
	if (err)
		return err;
	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -errno;
	snprintf(name, sizeof(name), "%s" CACHE_FILES_SUFFIX, key);
	snprintf(temp, sizeof(temp), "%016llx" CACHE_FILES_TEMP, (unsigned long long)random);
	if (size > cache->max_size)
		return -EFBIG;
	err = cache_files_trim(cache->dir, cache->max_size - size);
	if (err)
		return err;
	file = openat(cache->dir, temp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (file < 0)
		return -errno;
	err = table_file_write(file, key, table);
	close(file);
	if (!err && renameat(cache->dir, temp, cache->dir, name))
		err = -errno;
	if (err)
		unlinkat(cache->dir, temp, 0);
	return err;
}

int unwind_cache_get_table(const struct unwind_cache *cache, int fd, struct unwind_table **ret,
			   struct diag *diag)
{
	int err;

	if (cache && !unwind_cache_load(cache, fd, ret))
		return 0;
	err = unwind_table_build(fd, ret, diag);
	if (!err && cache)
		unwind_cache_store(cache, fd, *ret);
	return err;
}
