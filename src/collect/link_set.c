// SPDX-License-Identifier: Apache-2.0
/* Which side is linked first matters; which kind of link is used does not. */
#include "collect/link_set.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collect/target.h"

static int add_side(struct link_set *set, const struct caps *caps, int program,
		    enum probe_side side, const struct link_sites *sites)
{
	bool on_return = side == SIDE_RETURN;
	size_t needed = caps->has[CAPS_multi] ? 1 : 2 * sites->nr;
	int err;

	if (set->nr + needed > LINK_SET_MAX)
		return -E2BIG;
	if (caps->has[CAPS_multi]) {
		err = link_multi(program,
				 side == SIDE_SESSION ? LINK_UPROBE_SESSION : LINK_UPROBE_MULTI,
				 on_return, sites);
		if (err < 0)
			return err;
		set->fds[set->nr++] = err;
		return 0;
	}
	for (size_t i = 0; i < sites->nr; i++) {
		err = link_perf(program, on_return, sites, i, set->fds + set->nr);
		if (err)
			return err;
		set->nr += 2;
	}
	return 0;
}

int link_set_add(struct link_set *set, const struct kernel *kernel, const struct caps *caps,
		 enum kernel_program program, const struct object *object,
		 const struct link_sites *sites)
{
	struct link_sites here = *sites;
	char path[32];
	int err = 0;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", object->fd);
	here.path = path;
	/* The return first: an entry without its return would wait for it in vain. */
	for (int side = NR_PROBE_SIDES - 1; side >= 0 && !err; side--) {
		const struct bpf_program *found = kernel_program(kernel, program, side);

		if (found)
			err = add_side(set, caps, bpf_program__fd(found), side, &here);
	}
	return err;
}

void link_set_close(struct link_set *set)
{
	links_close(set->fds, set->nr);
	set->nr = 0;
}

void link_set_leave(struct link_set *set)
{
	for (unsigned int i = 0; i < set->nr; i++)
		link_close_later(set->fds[i]);
	set->nr = 0;
}

int link_set_explain(const struct object *object, pid_t pid, int err, struct diag *diag)
{
	if (err == -EPERM || err == -EACCES)
		return diag_fail(
			diag, -EPERM,
			"not permitted to put probes on %s in pid %d: run as root, or with "
			"CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE",
			object->path, pid);
	if (err == -ESRCH)
		return target_gone(pid, diag);
	return diag_fail(diag, err, "cannot put probes on %s in pid %d: %s", object->path, pid,
			 strerror(-err));
}
