/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was mapped when: the latest sets of live mappings, as they were published to the kernel. A
 * stack is bound by the set it was walked by, although something else may be mapped at its
 * addresses by the time it is read from the ring buffer.
 *
 * Invariant: a set that is stable holds every mapping of its generation that was there when it was
 * read, and none of another generation.
 */
#ifndef HEAPTAP_COLLECT_MOMENTS_H
#define HEAPTAP_COLLECT_MOMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/stacks.h"
#include "proc/space.h"

/* Events wait in the ring buffer while at most a few sets are published. */
#define MOMENTS_KEPT 16

struct moment {
	uint32_t version, generation; /* as in HT_MOMENT */
	bool stable;		      /* the generation did not change while mappings were read */
	uint32_t nr;
	uint32_t *live; /* indices into the space, by address */
};

struct moments {
	struct moment all[MOMENTS_KEPT];
	uint32_t next; /* counts on; the latest is all[(next - 1) % MOMENTS_KEPT] */
};

/* Keeps what @space has live now. 0 or -ENOMEM. */
int moments_add(struct moments *moments, const struct space *space, uint32_t version,
		uint32_t generation, bool stable);
void moments_done(struct moments *moments);

/* Is the latest set one of the generation of @moment (HT_MOMENT)? Then what it maps at an address
 * of that moment's stack was there at that moment. */
bool moments_is_current(const struct moments *moments, uint32_t moment);

/* The mapping of @space that @address lay in at @moment, or SPACE_NONE. */
uint32_t moments_find(const struct moments *moments, const struct space *space, uint32_t moment,
		      uint64_t address);

#endif
