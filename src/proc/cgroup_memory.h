/* SPDX-License-Identifier: Apache-2.0 */
/* What a control group uses of memory, and what it may, of both versions. */
#ifndef HEAPTAP_PROC_CGROUP_MEMORY_H
#define HEAPTAP_PROC_CGROUP_MEMORY_H

#include <stdint.h>

struct cgroup_memory {
	uint64_t used;	/* bytes: anonymous memory, page cache and the kernel's for it */
	uint64_t limit; /* the least of it and of those above it; 0: none */
};

/* @path: the memory of struct cgroup. -ENOENT: no hierarchy counts the memory of such a group. */
int cgroup_memory_read(const char *path, struct cgroup_memory *ret);

/* The same with what is mounted given as in /proc/mounts. */
int cgroup_memory_of(const char *path, const char *mounts, struct cgroup_memory *ret);

#endif
