// SPDX-License-Identifier: Apache-2.0
/* A path may hold colons: the second one of a line begins it. */
#include "proc/memberships.h"

#include <string.h>
#include <unistd.h>

#include "proc/procfs.h"

int memberships_read(pid_t pid, char text[MEMBERSHIPS_SIZE])
{
	int dir = procfs_open(pid);
	long n;

	if (dir < 0)
		return dir;
	n = procfs_read(dir, "cgroup", text, MEMBERSHIPS_SIZE);
	close(dir);
	return n < 0 ? (int)n : 0;
}

bool memberships_next(const char **text, struct membership *ret)
{
	while (**text) {
		const char *line = *text, *end = line + strcspn(line, "\n");
		const char *first = memchr(line, ':', end - line);
		const char *second = first ? memchr(first + 1, ':', end - first - 1) : NULL;

		*text = end + (*end == '\n');
		if (!second)
			continue;
		*ret = (struct membership){
			.controllers = first + 1,
			.controllers_size = second - first - 1,
			.path = second + 1,
			.path_size = end - second - 1,
		};
		return true;
	}
	return false;
}
