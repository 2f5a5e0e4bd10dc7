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
#include "collect/link_set.h"
#include "elf/image.h"
#include "proc/space.h"

#define MOVES_HOOK_SITES 8

/* File offsets of these functions; none when not all are there. */
struct moves_sites {
	size_t nr;
	uint64_t offsets[MOVES_HOOK_SITES];
};

/* Looks through all symbols of a file, which takes some 20 ms: once for each. */
void moves_hook_find(const struct elf_image *image, struct moves_sites *ret);

/* 1 when they are probed in process @pid, 0 when @object has not both, or -errno. @ret is empty
 * before, and after a failure; closing it is the caller's. */
int moves_hook_open(const struct kernel *kernel, const struct caps *caps,
		    const struct object *object, const struct moves_sites *where, pid_t pid,
		    struct link_set *ret);

#endif
