/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that processes map, each open once however many spaces map it. An object is in here for
 * as long as somebody holds it, so that what comes and goes leaves no descriptor behind.
 */
#ifndef HEAPTAP_PROC_OBJECTS_H
#define HEAPTAP_PROC_OBJECTS_H

#include "proc/maps.h"
#include "proc/space.h"

/* NULL when out of memory. Objects may outlive it. objects_free(NULL) is allowed. */
struct objects *objects_new(void);
void objects_free(struct objects *objects);

/* The object behind @entry, see object_open(), with a reference for the caller: one that is known,
 * or a new one. NULL when out of memory. */
struct object *objects_find(struct objects *objects, int dir, const struct maps_entry *entry);

/* The last reference to @object is gone. */
void objects_forget(struct objects *objects, const struct object *object);

#endif
