/* SPDX-License-Identifier: Apache-2.0 */
/* The text of /proc/PID/cgroup, as in cgroups(7): in which group a process is, a line for each
 * hierarchy, "number:controllers:path". */
#ifndef HEAPTAP_PROC_MEMBERSHIPS_H
#define HEAPTAP_PROC_MEMBERSHIPS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define MEMBERSHIPS_SIZE 16384 /* a dozen hierarchies, each path up to 4096 but hardly ever so */

/* 0 or -errno (-ESRCH: the process is gone). */
int memberships_read(pid_t pid, char text[MEMBERSHIPS_SIZE]);

/* Parts of the text, without a NUL at their end. */
struct membership {
	const char *controllers, *path;
	size_t controllers_size; /* 0: the unified hierarchy */
	size_t path_size;
};

/* The next line that is one, from *text on, which is moved behind it; false at the end. */
bool memberships_next(const char **text, struct membership *ret);

#endif
