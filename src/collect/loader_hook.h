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
#include "proc/space.h"

struct loader_hook {
	int fds[2]; /* link, and the perf event below it; -1 where there is none */
};

/* 1 when @object is a dynamic loader and the probe is in place for @pid, 0 when it is none, or
 * -errno. */
int loader_hook_open(const struct kernel *kernel, const struct caps *caps,
		     const struct object *object, pid_t pid, struct loader_hook *ret);
void loader_hook_close(struct loader_hook *hook);

#endif
