/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A control group by its path, and whether a process is in it or below. Both versions: the unified
 * hierarchy, and the many of version 1, of which a process is in a group when it is in any.
 */
#ifndef HEAPTAP_PROC_CGROUP_PATH_H
#define HEAPTAP_PROC_CGROUP_PATH_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * @text as a user has it, "/sys/fs/cgroup/system.slice/x.service", "system.slice/x.service" or
 * "/docker/ID", as a path in its hierarchy with one slash at its beginning and none at its end; the
 * caller's to free. NULL with errno ENOENT when no hierarchy has such a group.
 */
char *cgroup_path_settle(const char *text);

/* The same with what is mounted given as in /proc/mounts; whether the group exists is not looked
 * at. NULL when out of memory. */
char *cgroup_path_of(const char *text, const char *mounts);

/* Is the process with this /proc/PID/cgroup in group @path or below it? */
bool cgroup_path_holds(const char *path, const char *memberships);

/* The same for process @pid. 1 or 0, or -errno (-ESRCH: it is gone). */
int cgroup_path_has(const char *path, pid_t pid);

#endif
