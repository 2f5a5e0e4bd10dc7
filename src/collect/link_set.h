/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The links of programs at places of one file in one process, by whatever kind of link the kernel
 * has: one for all places, or one and its perf event for each.
 */
#ifndef HEAPTAP_COLLECT_LINK_SET_H
#define HEAPTAP_COLLECT_LINK_SET_H

#include <sys/types.h>

#include "collect/caps.h"
#include "collect/kernel.h"
#include "collect/links.h"
#include "proc/space.h"
#include "util/diag.h"

#define LINK_SET_MAX 256 /* 64 probes, of most two sides, two descriptors each */

/* Zeroed it is empty. */
struct link_set {
	unsigned int nr;
	int fds[LINK_SET_MAX];
};

/*
 * Links @program at the @sites in @object (their path is not used), all sides that the program has.
 * 0 or -errno; what was linked before stays.
 */
int link_set_add(struct link_set *set, const struct kernel *kernel, const struct caps *caps,
		 enum kernel_program program, const struct object *object,
		 const struct link_sites *sites);

/* Removes all, and waits until it is done; link_set_leave() does not wait. */
void link_set_close(struct link_set *set);
void link_set_leave(struct link_set *set);

/* What -@err of linking means to a user. Returns the error to go on with. */
int link_set_explain(const struct object *object, pid_t pid, int err, struct diag *diag);

#endif
