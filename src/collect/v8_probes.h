/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V8's functions in a process: found by the beginnings of their mangled names in the file that has
 * them (the executable, or libnode.so), placed, and linked to their programs. The arguments' places
 * and what is called when are those of V8 10.2 to 14.6, Node 18 to 26.
 */
#ifndef HEAPTAP_COLLECT_V8_PROBES_H
#define HEAPTAP_COLLECT_V8_PROBES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "collect/caps.h"
#include "collect/kernel.h"
#include "collect/link_set.h"
#include "collect/probe_site.h"
#include "proc/space.h"
#include "util/diag.h"

struct v8_probe {
	unsigned int function; /* row of the table of functions */
	uint64_t vaddr, offset, size;
	struct probe_site site;
	uint64_t cookie; /* struct ht_cookie */
};

#define V8_PROBES_MAX 24

/* Those of one file. */
struct v8_probes {
	struct object *object; /* held; NULL: none yet */
	int v8_major;	       /* 10 for V8 10.2; 0: not known */
	unsigned int nr;
	struct v8_probe probes[V8_PROBES_MAX];
	struct link_set links;
};

/*
 * Looks through the files of @space for V8 and its functions that @programs (KERNEL_PROGRAMS_GC and
 * KERNEL_PROGRAMS_JS) are for. 0, or -ENOTSUP when there is no V8 or one of the functions is not
 * found; @diag says which. v8_probes_done() allows what failed, and closes.
 */
int v8_probes_find(const struct space *space, uint32_t programs, struct v8_probes *ret,
		   struct diag *diag);
void v8_probes_done(struct v8_probes *probes);

/* 0, or -errno with @diag and nothing linked. */
int v8_probes_link(struct v8_probes *probes, const struct kernel *kernel, const struct caps *caps,
		   pid_t pid, struct diag *diag);
/* Removes the probes; what they were stays known. */
void v8_probes_detach(struct v8_probes *probes);

/* "Heap::SizeOfObjects" */
const char *v8_probe_name(const struct v8_probe *probe);

/* Of the probes, how many lie at an instruction that is single-stepped, 0 to 1. */
double v8_probes_stepped_share(const struct v8_probes *probes);

#endif
