/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of what a process maps: a directory of files, mapping them, and asking a space of this
 * process about them. Include after cmocka.h.
 */
#ifndef HEAPTAP_TESTS_MAPPED_FILES_H
#define HEAPTAP_TESTS_MAPPED_FILES_H

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "proc/space.h"

#define PAGE 4096

static char directory[] = "/tmp/heaptap-test-space-XXXXXX";

static inline const char *in_directory(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned int turn;
	char *path = paths[turn++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", directory, name);
	return path;
}

/* A file of two pages that begins with @content. */
static inline void write_file(const char *path, const char *content)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 2 * PAGE), 0);
	assert_int_equal(pwrite(fd, content, strlen(content), 0), strlen(content));
	close(fd);
}

static inline char *map_file(const char *path, off_t offset)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *bytes;

	assert_true(fd >= 0);
	bytes = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, offset);
	close(fd);
	assert_ptr_not_equal(bytes, MAP_FAILED);
	return bytes;
}

static inline const struct mapping *mapping_at(const struct space *space, const void *address)
{
	uint32_t at = space_find(space, (uint64_t)(uintptr_t)address);

	return at == SPACE_NONE ? NULL : &space->mappings[at];
}

static inline void check_content(const struct object *object, const char *content)
{
	char bytes[16] = {0};

	assert_non_null(object);
	assert_int_equal(object->error, 0);
	assert_int_equal(pread(object->fd, bytes, strlen(content), 0), strlen(content));
	assert_string_equal(bytes, content);
}

static inline struct space *space_of(pid_t pid)
{
	struct space *space = space_new(pid, NULL);

	assert_non_null(space);
	assert_int_equal(space_refresh(space, NULL), 0);
	return space;
}

static inline int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static inline int remove_directory(void **state)
{
	DIR *files = opendir(directory);
	struct dirent *entry;

	(void)state;
	while (files && (entry = readdir(files)))
		unlink(in_directory(entry->d_name));
	if (files)
		closedir(files);
	return rmdir(directory);
}

#endif
