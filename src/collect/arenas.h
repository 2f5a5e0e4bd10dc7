/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocators over the allocator: what takes blocks and hands out parts of them, so that the blocks
 * are seen and not what is in them. Known by a function that their file exports.
 */
#ifndef HEAPTAP_COLLECT_ARENAS_H
#define HEAPTAP_COLLECT_ARENAS_H

#include <stdint.h>

#include "proc/space.h"

/* A bit for each known kind whose code @object holds. A file without any is read once. */
uint32_t arenas_in(struct object *object);

/* "PostgreSQL's memory contexts" for the lowest bit of @arenas, which is taken out; NULL when there
 * is none. */
const char *arenas_next(uint32_t *arenas);

#endif
