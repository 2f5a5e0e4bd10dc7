/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stacks of the sites, as they came from the kernel, each address bound to the mapping it lay
 * in at that moment: a later dlclose, exec or exit changes nothing any more.
 */
#ifndef HEAPTAP_COLLECT_STACKS_H
#define HEAPTAP_COLLECT_STACKS_H

#include <stdint.h>

#include "heaptap/wire.h"
#include "proc/space.h"
#include "v8/resolver.h"

/* What a frame of a stack is in JavaScript. */
struct js_place {
	uint32_t frame; /* index of its pc */
	uint32_t place; /* of the resolver, or V8_NO_PLACE: it could not be named */
};

struct stack {
	uint32_t tgid, epoch;
	uint16_t probe;	    /* the allocator function */
	uint8_t nr;	    /* frames; 0 = this site's stack never arrived */
	uint8_t end;	    /* enum ht_stack_end */
	uint64_t *pcs;	    /* return addresses, direct caller first */
	uint32_t *mappings; /* of each pc, index in the process's space or SPACE_NONE */
	uint32_t nr_places;
	struct js_place *places; /* by frame; they belong to @resolver */
	const struct v8_resolver *resolver;
};

/* "truncated", "no_table", ... */
const char *stack_end_name(enum ht_stack_end end);

/* By site index. */
struct stacks {
	uint32_t nr;
	struct stack *all;
};

/* Keeps the stack of @event with the mapping of each of its addresses (NULL: not known). A site's
 * second stack is ignored. 0 or -ENOMEM. */
int stacks_add(struct stacks *stacks, const struct ht_stack_event *event, const uint32_t *mappings);

/* The JavaScript frames among the pcs of the stack that @site is about to get. 0 or -ENOMEM. */
int stacks_add_places(struct stacks *stacks, uint32_t site, const struct v8_resolver *resolver,
		      const struct js_place *places, uint32_t nr);

/* A better stack for @site, complete. Nothing when the site has none yet. */
int stacks_replace(struct stacks *stacks, uint32_t site, const uint64_t *pcs, uint32_t nr,
		   const uint32_t *mappings);

/* Forgets the stack of @site, whose number may be another's from now on. */
void stacks_drop(struct stacks *stacks, uint32_t site);

void stacks_done(struct stacks *stacks);

/* NULL when the stack of @site never arrived. */
const struct stack *stacks_at(const struct stacks *stacks, uint32_t site);

#endif
