// SPDX-License-Identifier: Apache-2.0
/*
 * Containers are named by convention alone: docker, podman, containerd and cri-o put the 64 digits
 * of an id into the path, in one form or another; Fargate a task's 32 with a number of ten for each
 * of its containers; lxc puts a name behind "lxc.payload." or "/lxc/".
 */
#include "proc/cgroup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proc/memberships.h"

#define ID_SIZE	 64 /* digits */
#define ID_SHOWN 12

/* Of Fargate: the task, a dash and the container. */
#define TASK_SIZE   32
#define NUMBER_SIZE 10

static bool is_unified(const struct membership *membership)
{
	return !membership->controllers_size;
}

static bool is_memory(const struct membership *membership)
{
	const char *controllers = membership->controllers;
	size_t n = membership->controllers_size;

	while (n) {
		const char *comma = memchr(controllers, ',', n);
		size_t size = comma ? (size_t)(comma - controllers) : n;

		if (size == strlen("memory") && !strncmp(controllers, "memory", size))
			return true;
		controllers += size + (comma != NULL);
		n -= size + (comma != NULL);
	}
	return false;
}

/* The path of the hierarchy for which @wanted holds, without one @otherwise; NULL when out of
 * memory. */
static char *path_where(const char *memberships, bool (*wanted)(const struct membership *),
			const char *otherwise)
{
	struct membership membership;

	while (memberships_next(&memberships, &membership))
		if (membership.path_size && wanted(&membership))
			return strndup(membership.path, membership.path_size);
	return strdup(otherwise);
}

/* The last run of just so many hexadecimal digits. */
static bool find_id(const char *path, char *ret)
{
	bool found = false;

	while (*path) {
		size_t n = strspn(path, "0123456789abcdef");

		if (n == ID_SIZE) {
			memcpy(ret, path, ID_SHOWN);
			ret[ID_SHOWN] = '\0';
			found = true;
		}
		path += n ?: 1;
	}
	return found;
}

static bool find_task(const char *path, char *ret, size_t size)
{
	const char *at = strstr(path, "/ecs/");

	for (; at; at = strchr(at + 1, '/')) {
		size_t task = strspn(at + 1, "0123456789abcdef");
		const char *number = at + 1 + task;

		if (task != TASK_SIZE || *number != '-' ||
		    strspn(number + 1, "0123456789") != NUMBER_SIZE)
			continue;
		snprintf(ret, size, "%.*s%.*s", ID_SHOWN, at + 1, NUMBER_SIZE + 1, number);
		return true;
	}
	return false;
}

static void find_lxc(const char *path, char *ret, size_t size)
{
	static const char *const before[] = {"/lxc.payload.", "/lxc.payload/", "/lxc/"};

	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		const char *at = strstr(path, before[i]);

		if (!at)
			continue;
		at += strlen(before[i]);
		snprintf(ret, size, "%.*s", (int)strcspn(at, "/"), at);
		return;
	}
}

int cgroup_parse(const char *memberships, struct cgroup *ret)
{
	char *unified = path_where(memberships, is_unified, "/");

	*ret = (struct cgroup){0};
	if (!unified)
		return -ENOMEM;
	ret->memory = path_where(memberships, is_memory, unified);
	if (ret->memory)
		ret->path = strdup(strcmp(unified, "/") != 0 ? unified : ret->memory);
	free(unified);
	if (!ret->path)
		return -ENOMEM;
	/* under both versions at once the id may be in the paths of version 1 alone */
	if (!find_id(ret->path, ret->container) && !find_id(memberships, ret->container) &&
	    !find_task(ret->path, ret->container, sizeof(ret->container)))
		find_lxc(ret->path, ret->container, sizeof(ret->container));
	return 0;
}

int cgroup_read(pid_t pid, struct cgroup *ret)
{
	char memberships[MEMBERSHIPS_SIZE];
	int err = memberships_read(pid, memberships);

	*ret = (struct cgroup){0};
	return err ?: cgroup_parse(memberships, ret);
}

void cgroup_done(struct cgroup *cgroup)
{
	free(cgroup->path);
	free(cgroup->memory);
	*cgroup = (struct cgroup){0};
}
