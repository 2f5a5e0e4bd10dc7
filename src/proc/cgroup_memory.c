// SPDX-License-Identifier: Apache-2.0
/*
 * Version 2 has "max" for no limit (Documentation/admin-guide/cgroup-v2.rst), version 1 a number
 * near 2^63 (cgroup-v1/memory.rst).
 */
#include "proc/cgroup_memory.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proc/cgroup_mounts.h"

#define NO_LIMIT (1ULL << 60)

static const struct {
	const char *used, *limit;
} versions[] = {
	{"memory.current", "memory.max"},
	{"memory.usage_in_bytes", "memory.limit_in_bytes"},
};

struct search {
	const char *path;
	struct cgroup_memory *ret;
};

static bool read_number(const char *mount, const char *path, size_t length, const char *name,
			uint64_t *ret)
{
	char file[2 * PATH_MAX];
	unsigned long long value;
	FILE *in;
	bool found;

	snprintf(file, sizeof(file), "%s%.*s/%s", mount, (int)length, path, name);
	in = fopen(file, "re");
	if (!in)
		return false;
	found = fscanf(in, "%llu", &value) == 1;
	fclose(in);
	if (found)
		*ret = value;
	return found;
}

static bool visit(const char *mount, void *arg)
{
	const struct search *search = arg;
	size_t length = strlen(search->path);
	uint64_t limit;

	for (size_t i = 0; i < sizeof(versions) / sizeof(*versions); i++) {
		if (!read_number(mount, search->path, length, versions[i].used, &search->ret->used))
			continue;
		while (length > 0) {
			if (read_number(mount, search->path, length, versions[i].limit, &limit) &&
			    limit < NO_LIMIT && (!search->ret->limit || limit < search->ret->limit))
				search->ret->limit = limit;
			while (length > 0 && search->path[--length] != '/')
				;
		}
		return true;
	}
	return false;
}

int cgroup_memory_of(const char *path, const char *mounts, struct cgroup_memory *ret)
{
	struct cgroup_memory found = {0};

	if (!cgroup_mounts_each(mounts, visit, &(struct search){path, &found}))
		return -ENOENT;
	*ret = found;
	return 0;
}

int cgroup_memory_read(const char *path, struct cgroup_memory *ret)
{
	char *mounts = cgroup_mounts_read();
	int err = mounts ? cgroup_memory_of(path, mounts, ret) : -ENOENT;

	free(mounts);
	return err;
}
