// SPDX-License-Identifier: Apache-2.0
/* Where hierarchies are mounted is taken from /proc/mounts. */
#include "proc/cgroup_path.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "proc/cgroup_mounts.h"
#include "proc/memberships.h"

/* Is @below equal to @above, or a path below it? */
static bool is_below(const char *below, const char *above, size_t length)
{
	return !strncmp(below, above, length) && (!below[length] || below[length] == '/');
}

struct longest {
	const char *text;
	size_t length;
};

static bool visit_longest(const char *mount, void *arg)
{
	struct longest *longest = arg;
	size_t length = strlen(mount);

	if (is_below(longest->text, mount, length) && length > longest->length)
		longest->length = length;
	return false;
}

char *cgroup_path_of(const char *text, const char *mounts)
{
	struct longest longest = {text, 0};
	size_t length;
	char *path;

	cgroup_mounts_each(mounts, visit_longest, &longest);
	text += longest.length;
	text += strspn(text, "/");
	if (asprintf(&path, "/%s", text) < 0)
		return NULL;
	length = strlen(path);
	while (length > 1 && path[length - 1] == '/')
		path[--length] = '\0';
	return path;
}

static bool visit_exists(const char *mount, void *arg)
{
	char path[2 * PATH_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "%s%s", mount, (const char *)arg);
	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

char *cgroup_path_settle(const char *text)
{
	char *mounts = cgroup_mounts_read(), *path = NULL;

	if (mounts)
		path = cgroup_path_of(text, mounts);
	if (path && !cgroup_mounts_each(mounts, visit_exists, path)) {
		free(path);
		path = NULL;
		errno = ENOENT;
	}
	free(mounts);
	return path;
}

bool cgroup_path_holds(const char *path, const char *memberships)
{
	size_t length = strcmp(path, "/") ? strlen(path) : 0;
	struct membership membership;

	while (memberships_next(&memberships, &membership))
		if (membership.path_size >= length && !strncmp(membership.path, path, length) &&
		    (membership.path_size == length || membership.path[length] == '/'))
			return true;
	return false;
}

int cgroup_path_has(const char *path, pid_t pid)
{
	char memberships[MEMBERSHIPS_SIZE];
	int err = memberships_read(pid, memberships);

	return err ?: cgroup_path_holds(path, memberships);
}
