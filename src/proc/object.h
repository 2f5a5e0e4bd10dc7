/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening the file behind a mapping. Private to proc/; struct object itself, object_get() and
 * object_put() are in proc/space.h.
 */
#ifndef HEAPTAP_PROC_OBJECT_H
#define HEAPTAP_PROC_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "proc/maps.h"
#include "proc/space.h"

/* Whether there is an object behind @entry: a file, or the vDSO. */
bool object_exists(const struct maps_entry *entry);

/*
 * The object behind @entry of the process whose directory in /proc is @dir, with one reference.
 * When the file cannot be opened the object has fd -1 and says why in error: -EPERM when
 * /proc/PID/map_files is not permitted and the path names no file or another one, -ENOTSUP when it
 * is not a regular file, -ESTALE when another file
 * is mapped there by now, or what else the kernel said. NULL when out of memory.
 */
struct object *object_open(int dir, const struct maps_entry *entry);

/* What a file is, and in which state. */
struct object_key {
	uint64_t dev, ino;
	int64_t mtime_ns;
};

struct object_key object_key(const struct object *object);

/* That of the file behind @entry, without opening it for reading. 0 or -errno as above. */
int object_peek(int dir, const struct maps_entry *entry, struct object_key *ret);

#endif
