/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dynamic loader's hook for debuggers: an empty function it calls before and after it changes
 * what is mapped. A probe there tells of dlopen and dlclose the moment they happen, at no cost for
 * anything else; gdb has stopped there for decades.
 */
#ifndef HEAPTAP_COLLECT_LOADER_HOOK_H
#define HEAPTAP_COLLECT_LOADER_HOOK_H

#include <sys/types.h>

#include "collect/kernel.h"
#include "collect/link_set.h"
#include "proc/space.h"

/* Where the hook is in its file, and how far behind it r_state lies in memory (0: not known, as in
 * musl, whose dlclose unmaps nothing). */
struct loader_place {
	uint64_t offset, distance;
};

/* -ENOENT when @object is no dynamic loader. */
int loader_place_find(const struct object *object, struct loader_place *ret);

/* Probes @place of @object in process @pid, also when it maps that only later. 0 or -errno; closing
 * @ret is the caller's. */
int loader_hook_open(const struct kernel *kernel, const struct caps *caps,
		     const struct object *object, const struct loader_place *place, pid_t pid,
		     struct link_set *ret);

/* Hooks that are probed in all processes at once, a file each. */
struct loader_hooks {
	unsigned int nr;
	struct {
		struct object *object; /* held */
		struct link_set links;
	} * all;
};

/* Probes @place of @object wherever it is mapped, if it is not yet. 0 or -errno. */
int loader_hooks_add(struct loader_hooks *hooks, const struct kernel *kernel,
		     const struct caps *caps, struct object *object,
		     const struct loader_place *place);
/* Removes the probes; the files stay known until loader_hooks_done(). */
void loader_hooks_detach(struct loader_hooks *hooks);
void loader_hooks_done(struct loader_hooks *hooks);

#endif
