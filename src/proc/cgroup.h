/* SPDX-License-Identifier: Apache-2.0 */
/* The control group and the container of a process, as /proc/PID/cgroup tells them. */
#ifndef HEAPTAP_PROC_CGROUP_H
#define HEAPTAP_PROC_CGROUP_H

#include <sys/types.h>

#define CGROUP_CONTAINER_SIZE 64

struct cgroup {
	char *path;   /* in the unified hierarchy, or where that has none in the memory
		       * controller's; "/" in neither. The holder's to free */
	char *memory; /* in the hierarchy that counts memory: of version 1, or the unified one */
	char container[CGROUP_CONTAINER_SIZE]; /* 12 digits of its id as docker shows them, or the
						* name that lxc gives it; "" outside of one */
};

/* From the text of the file. 0 or -ENOMEM. */
int cgroup_parse(const char *memberships, struct cgroup *ret);
/* 0 or -errno. cgroup_done() allows what it left behind, and zeroes. */
int cgroup_read(pid_t pid, struct cgroup *ret);
void cgroup_done(struct cgroup *cgroup);

#endif
