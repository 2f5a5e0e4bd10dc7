/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sources of a session, and V8's probes in its target, again after an exec: what "gc" and "js"
 * are about, and of one process also what the collections say beside "malloc" and "page".
 */
#ifndef HEAPTAP_COLLECT_V8_SOURCE_H
#define HEAPTAP_COLLECT_V8_SOURCE_H

#include "collect/collections.h"
#include "collect/js_window.h"
#include "collect/kernel.h"
#include "collect/snapshot.h"
#include "collect/v8_probes.h"

enum source {
	SOURCE_MALLOC, /* calls of allocator functions */
	SOURCE_PAGE,   /* pages by who touched them first: collect/pages.h */
	SOURCE_GC,     /* V8's collections, by the stack they came from */
	SOURCE_JS,     /* where JavaScript allocates */
	NR_SOURCES,
};

/* "malloc", "page", "gc", "js"; -EINVAL for another name. */
const char *source_name(enum source source);
int source_parse(const char *name, enum source *ret);

/* Does it put probes into V8? The others know what is in use. */
bool source_is_v8(enum source source);

/* KERNEL_PROGRAMS_* that it takes; with @collections also those that watch V8's. */
uint32_t source_programs(enum source source, bool collections);

struct v8_source {
	enum source source;
	bool watches;		      /* V8's collections, if it has V8 */
	const struct object *without; /* no probes could be put into this one */
	struct v8_probes probes;      /* of the image that runs now */
	struct js_window window;
	struct collections collections; /* of the sources malloc and page */
};

/*
 * Puts the probes into V8 when @space has it and they are not there. 0, also when there is no V8
 * yet, or -errno with @diag; with @required no V8 is an error too.
 */
int v8_source_attach(struct v8_source *v8, const struct kernel *kernel, const struct caps *caps,
		     const struct space *space, bool required, struct diag *diag);
void v8_source_done(struct v8_source *v8);

/* Takes in a collection. 0 or -ENOMEM. */
int v8_source_collection(struct v8_source *v8, const struct ht_gc_event *event);

/* Source js: turns the samples in @snapshot into bytes and objects, with their variance. */
void v8_source_scale(const struct v8_source *v8, struct snapshot *snapshot);

/* What the site of a stack is, for its leaf: "[mark-compact]", "[new space]". */
const char *v8_source_leaf(const struct v8_source *v8, uint16_t probe);

#endif
