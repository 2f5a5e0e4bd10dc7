/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probes where V8's collections begin and end their pauses, some per second: between two of them
 * the walker may remember which function is at an address. Where V8's functions are not found it
 * reads them again for every frame.
 */
#ifndef HEAPTAP_COLLECT_MOVES_HOOK_H
#define HEAPTAP_COLLECT_MOVES_HOOK_H

#include <sys/types.h>

#include "collect/caps.h"
#include "collect/kernel.h"
#include "proc/space.h"

#define MOVES_HOOK_SITES 8

struct moves_hook {
	unsigned int nr_fds;
	int fds[2 * MOVES_HOOK_SITES]; /* links, and the perf events below them */
};

/* 1 when both are probed in process @pid, 0 when @object has not both, or -errno. @ret is zeroed
 * before, and after a failure. */
int moves_hook_open(const struct kernel *kernel, const struct caps *caps,
		    const struct object *object, pid_t pid, struct moves_hook *ret);
/* Does not wait until the probes are gone. */
void moves_hook_close(struct moves_hook *hook);

#endif
