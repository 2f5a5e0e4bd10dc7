// SPDX-License-Identifier: Apache-2.0
/* One pass over the directory; another run may remove the same files at the same time. */
#include "unwind/cache_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LEFT_OVER_SECONDS 3600

struct file {
	char *name;
	uint64_t size;
	struct timespec used;
};

struct files {
	size_t nr, max;
	struct file *items;
	uint64_t size;
};

static bool has_suffix(const char *name, const char *suffix)
{
	size_t size = strlen(name), suffix_size = strlen(suffix);

	return size > suffix_size && strcmp(name + size - suffix_size, suffix) == 0;
}

static int compare_use(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
	return x->used.tv_nsec < y->used.tv_nsec ? -1 : x->used.tv_nsec > y->used.tv_nsec;
}

static int add(struct files *files, const char *name, const struct stat *st)
{
	struct file *file;

	if (files->nr == files->max) {
		size_t max = files->max ? 2 * files->max : 64;
		struct file *grown = reallocarray(files->items, max, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		files->items = grown;
		files->max = max;
	}
	file = &files->items[files->nr];
	*file = (struct file){strdup(name), (uint64_t)st->st_size, st->st_mtim};
	if (!file->name)
		return -ENOMEM;
	files->size += file->size;
	files->nr++;
	return 0;
}

static int list(DIR *stream, struct files *files)
{
	struct dirent *entry;
	struct stat st;
	int err = 0;

	while (!err && (entry = readdir(stream))) {
		bool temp = has_suffix(entry->d_name, CACHE_FILES_TEMP);

		if (!temp && !has_suffix(entry->d_name, CACHE_FILES_SUFFIX))
			continue;
		if (fstatat(dirfd(stream), entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (!temp)
			err = add(files, entry->d_name, &st);
		else if (st.st_mtim.tv_sec + LEFT_OVER_SECONDS < time(NULL))
			unlinkat(dirfd(stream), entry->d_name, 0);
	}
	return err;
}

int cache_files_trim(int dir, uint64_t max_size)
{
	struct files files = {0};
	DIR *stream;
	int fd, err;

	fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stream = fd < 0 ? NULL : fdopendir(fd);
	if (!stream) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	err = list(stream, &files);
	if (files.nr)
		qsort(files.items, files.nr, sizeof(*files.items), compare_use);
	for (size_t i = 0; i < files.nr && files.size > max_size && !err; i++) {
		if (unlinkat(dir, files.items[i].name, 0) && errno != ENOENT)
			err = -errno;
		files.size -= files.items[i].size;
	}
	for (size_t i = 0; i < files.nr; i++)
		free(files.items[i].name);
	free(files.items);
	closedir(stream);
	return err;
}
