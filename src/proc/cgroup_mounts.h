/* SPDX-License-Identifier: Apache-2.0 */
/* Where hierarchies of control groups are mounted, of both versions. */
#ifndef HEAPTAP_PROC_CGROUP_MOUNTS_H
#define HEAPTAP_PROC_CGROUP_MOUNTS_H

#include <stdbool.h>

/* The text of /proc/mounts, the caller's to free; NULL when it cannot be read. */
char *cgroup_mounts_read(void);

/* Calls @visit with each place a hierarchy is mounted at, until it returns true. Did one? */
bool cgroup_mounts_each(const char *mounts, bool (*visit)(const char *mount, void *arg), void *arg);

#endif
