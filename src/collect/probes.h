/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which allocator functions a mapped file has, and where in each the probe goes.
 */
#ifndef HEAPTAP_COLLECT_PROBES_H
#define HEAPTAP_COLLECT_PROBES_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/allocators.h"
#include "collect/probe_site.h"
#include "proc/space.h"
#include "util/diag.h"

enum probe_state {
	PROBE_USED,
	PROBE_ALIAS,	  /* same address as an earlier one */
	PROBE_FORWARDS,	  /* calls another function, which is probed */
	PROBE_UNREADABLE, /* its code could not be read or decoded */
};

struct probe {
	unsigned int function; /* row of allocator_functions */
	enum probe_state state;
	uint64_t vaddr, offset, size; /* of the function, in the file */
	struct probe_site site;
	bool forwards;	 /* may end in a jump to another probed function */
	uint64_t cookie; /* struct ht_cookie */
};

/* The functions of one object, in table order. */
struct probes {
	struct object *object; /* held */
	unsigned int first;    /* number of probes[0] in the session: ht_cookie.probe counts on */
	unsigned int nr;
	struct probe probes[16];
};

/*
 * Looks for malloc and its family in @object. With @private_symbols also those other objects cannot
 * see, as in a static executable. @first numbers the probes. 0 with ret->nr = 0 when it defines no
 * malloc and free. probes_done() releases the object.
 */
int probes_find(struct object *object, bool private_symbols, unsigned int first, struct probes *ret,
		struct diag *diag);
void probes_done(struct probes *probes);

const char *probe_symbol(const struct probe *probe);

#endif
