/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which allocator functions a mapped file has, and where in each the probe goes.
 */
#ifndef HEAPTAP_COLLECT_PROBES_H
#define HEAPTAP_COLLECT_PROBES_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/allocators.h"
#include "collect/inner_calls.h"
#include "collect/probe_site.h"
#include "heaptap/told.h"
#include "proc/space.h"
#include "util/diag.h"

enum probe_state {
	PROBE_USED,
	PROBE_ALIAS,	  /* same address as an earlier one */
	PROBE_FORWARDS,	  /* does nothing but jump to another, which is probed */
	PROBE_UNREADABLE, /* its code could not be read or decoded */
	PROBE_NUMBERLESS, /* HT_ALLOCATOR_PROBES others have all the numbers */
};

struct probe {
	unsigned int function; /* row of allocator_functions */
	enum probe_state state;
	unsigned int number;	      /* ht_cookie.probe, when it is used */
	uint64_t vaddr, offset, size; /* of the function, in the file */
	struct probe_site site;
	bool forwards;	  /* may end in a jump to another probed function */
	uint64_t cookie;  /* struct ht_cookie */
	uint64_t counter; /* offset in the file of the count of who listens; 0: there is none */
	struct ht_told told;
};

#define MAX_PROBES MAX_ALLOCATOR_FUNCTIONS

/* The functions of one object, in table order. */
struct probes {
	struct object *object; /* held */
	const char *family;    /* "jemalloc"; "own" when it is none that is known */
	bool has_c;	       /* malloc and free, for all others that are linked with it */
	bool told;	       /* collect/told_probes.h, and nothing else */
	bool has_prefixed;     /* je_malloc and the like: for whoever knows it */
	bool own_cut;	       /* it has more code of its own than @own has room for */
	struct ht_own_code own;
	unsigned int first; /* number of the first that is used; HT_ALLOCATOR_PROBES at most */
	unsigned int nr;
	struct probe probes[MAX_PROBES];
};

/*
 * Looks for allocators in @object. With @private_symbols also those other objects cannot see, as in
 * an executable they are linked into. @first numbers the probes. 0 with ret->nr = 0 when there is
 * none. probes_done() releases the object.
 */
int probes_find(struct object *object, bool private_symbols, unsigned int first, struct probes *ret,
		struct diag *diag);
void probes_done(struct probes *probes);

/* The beginning of each way to look: *ret is empty, and *ret_image that of @object, the caller's to
 * free. 0 or -errno with @diag. */
int probes_open(const struct object *object, unsigned int first, struct probes *ret,
		struct elf_image **ret_image, struct diag *diag);

/* The one that is used at the function's address; NULL when none is. */
const struct probe *probes_at_vaddr(const struct probes *probes, uint64_t vaddr);

/* The one that is used as @number; NULL when none is. */
const struct probe *probes_at(const struct probes *probes, unsigned int number);

const char *probe_symbol(const struct probe *probe);

#endif
