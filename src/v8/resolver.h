/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of one process's JavaScript frames, read from its memory at once: the collector moves
 * and frees what frames point at. What was learned is kept by (script id, literal id), which never
 * change, and names that are given out stay valid until v8_resolver_free().
 */
#ifndef HEAPTAP_V8_RESOLVER_H
#define HEAPTAP_V8_RESOLVER_H

#include <stdint.h>
#include <sys/types.h>

#include "heaptap/v8.h"
#include "v8/layout.h"

struct v8_resolver;

/* A function and where in it: as Error.stack would say it. */
struct v8_line {
	const char *function; /* "" for an anonymous one */
	const char
		*script; /* as V8 names it: a path, a file: URL, node:internal/..., "" for none */
	int32_t line, column; /* from 1; 0 when not known */
	int32_t start_line;   /* of the function */
};

/* What one frame stands for: lines[0] is the innermost inlined function, the last one the frame's
 * own. */
struct v8_place {
	uint32_t nr_lines;
	const struct v8_line *lines;
};

#define V8_NO_PLACE UINT32_MAX

/* @layout is copied. NULL when out of memory. v8_resolver_free(NULL) is allowed. */
struct v8_resolver *v8_resolver_new(pid_t pid, const struct v8_layout *layout);
void v8_resolver_free(struct v8_resolver *resolver);

/*
 * Names @frame. *ret_place is an index for v8_resolver_place(), equal
 * for equal places; V8_NO_PLACE when it cannot be named (any more), which is counted. 0 or -ENOMEM.
 */
int v8_resolver_find(struct v8_resolver *resolver, const struct ht_js_frame *frame,
		     uint32_t *ret_place);
const struct v8_place *v8_resolver_place(const struct v8_resolver *resolver, uint32_t place);

struct v8_resolver_stats {
	uint64_t frames, unnamed; /* calls of v8_resolver_find(); without a place */
	uint64_t unplaced;	  /* named, but not where in the function: line 0 */
	uint64_t cut_sources;	  /* scripts longer than 64 Mi characters: no lines behind that */
	uint64_t reads;		  /* of the process's memory */
};
void v8_resolver_stats(const struct v8_resolver *resolver, struct v8_resolver_stats *ret);

#endif
