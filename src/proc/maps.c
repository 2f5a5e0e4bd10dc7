// SPDX-License-Identifier: Apache-2.0
/*
 * Reads /proc/PID/maps line by line, so that the 65,530 mappings with long names a process may
 * have cost no more memory than the executable ones among them.
 */
#include "proc/maps.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

bool maps_name_is(const char *name, const char *path)
{
	size_t length = strlen(path);

	return !strncmp(name, path, length) &&
	       (!name[length] || !strcmp(name + length, MAPS_DELETED));
}

int maps_parse_line(char *line, struct maps_entry *ret)
{
	uint64_t start, end, offset, ino;
	unsigned int major, minor;
	char perms[5];
	int used = 0;
	char *name;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 "%n", &start,
		   &end, perms, &offset, &major, &minor, &ino, &used) != 7)
		return -EINVAL;
	if (start >= end || strlen(perms) != 4)
		return -EINVAL;
	name = line + used;
	if (*name && *name != ' ' && *name != '\n')
		return -EINVAL;
	name += strspn(name, " "); /* padding; a path starts with '/', any other name with a word */
	name[strcspn(name, "\n")] = '\0';
	*ret = (struct maps_entry){
		.start = start,
		.end = end,
		.offset = offset,
		.dev = makedev(major, minor),
		.ino = ino,
		.executable = perms[2] == 'x',
		.name = name,
	};
	return 0;
}

static int append(struct maps *maps, uint32_t *capacity, const struct maps_entry *entry)
{
	struct maps_entry *entries;
	char *name;

	if (maps->nr_entries == *capacity) {
		uint32_t wanted = *capacity ? *capacity * 2 : 64;

		entries = reallocarray(maps->entries, wanted, sizeof(*entries));
		if (!entries)
			return -ENOMEM;
		maps->entries = entries;
		*capacity = wanted;
	}
	name = strdup(entry->name);
	if (!name)
		return -ENOMEM;
	maps->entries[maps->nr_entries] = *entry;
	maps->entries[maps->nr_entries++].name = name;
	return 0;
}

static int read_lines(FILE *file, struct maps *maps)
{
	struct maps_entry entry;
	uint32_t capacity = 0;
	uint64_t last_end = 0;
	char *line = NULL;
	size_t size = 0;
	int err = 0;

	errno = 0;
	while (!err && getline(&line, &size, file) > 0) {
		err = maps_parse_line(line, &entry);
		if (err)
			break;
		/* The kernel hands out a page of text at a time: what changes between two
		 * pages may come twice. */
		if (entry.start < last_end)
			continue;
		last_end = entry.end;
		if (entry.executable)
			err = append(maps, &capacity, &entry);
	}
	if (!err && !feof(file))
		err = errno ? -errno : -EIO;
	free(line);
	return err;
}

int maps_read(int fd, struct maps *ret)
{
	struct maps maps = {0};
	FILE *file;
	char byte;
	int copy, err;

	copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (copy < 0)
		return -errno;
	file = fdopen(copy, "r");
	if (!file) {
		close(copy);
		return -ENOMEM;
	}
	err = read_lines(file, &maps);
	fclose(file);
	/* When the address space is torn down (exit, exec) a read ends early without an error;
	 * from then on the file is empty. */
	if (!err && pread(fd, &byte, 1, 0) != 1)
		err = -ESRCH;
	if (err) {
		maps_done(&maps);
		return err;
	}
	*ret = maps;
	return 0;
}

void maps_done(struct maps *maps)
{
	for (uint32_t i = 0; i < maps->nr_entries; i++)
		free(maps->entries[i].name);
	free(maps->entries);
	*maps = (struct maps){0};
}
