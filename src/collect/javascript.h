/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JavaScript of one watched process: finds V8 among its files, tells the walker where things
 * are, and has the frames it brings back named while the objects they point at are still there.
 */
#ifndef HEAPTAP_COLLECT_JAVASCRIPT_H
#define HEAPTAP_COLLECT_JAVASCRIPT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "collect/kernel.h"
#include "collect/moves_hook.h"
#include "collect/stacks.h"
#include "collect/tables.h"
#include "proc/space.h"
#include "v8/resolver.h"
#include "v8/spaces.h"

/* A file with V8. */
struct v8_file {
	struct object *object; /* held; NULL: none was found */
	struct v8_layout layout;
	uint64_t anchor, anchor_offset; /* an address of its code, as linked and in the file */
	bool has_spaces;		/* the sizes of its heap can be read */
	struct v8_spaces_layout spaces;
	struct moves_sites moves;
};

struct javascript {
	uint32_t nr_examined; /* of the space's mappings */
	struct v8_file file;  /* may be of a former image */
	bool unreadable;      /* there is a V8 whose frames cannot be named: note says why */
	char note[256];	      /* for the user: what is assumed of it, or missing; "" */
	struct v8_resolver *resolver; /* of the present image; NULL: no V8 so far */
	unsigned int nr_past;
	struct v8_resolver **past;	       /* of former images: their names are still in use */
	uint64_t bias;			       /* of the file's addresses in the present image */
	struct v8_spaces spaces_start, spaces; /* when it was found; latest known */
	uint32_t entry;			       /* as struct ht_process's v8 */
	struct link_set moves;		       /* where they are counted */
};

/* A process that maps the same file need not look for V8 in it again. @javascript is zeroed. */
void javascript_share(struct javascript *javascript, const struct javascript *like);

/* Looks for V8 in the files of @space that were not there before. 0 or -ENOMEM. */
int javascript_examine(struct javascript *javascript, const struct space *space);

/* When @space maps V8 by now: its frames are kept and named from the next set of mappings on. To be
 * called when the unwind table is loaded, and before the set is published, since what the walker
 * finds out about an address holds for a set. 0 or -errno. */
int javascript_publish(struct javascript *javascript, struct kernel *kernel,
		       const struct caps *caps, const struct tables *tables,
		       const struct space *space, uint32_t tgid);

/* Removes the probes it has. */
void javascript_detach(struct javascript *javascript);

/* Looks at the sizes of its heap again. Costs a millisecond or two: not for every event. */
void javascript_measure(struct javascript *javascript, const struct kernel *kernel, pid_t pid);

/* Names the frames of @event, for the stack of its site. 0 or -ENOMEM. */
int javascript_take(struct javascript *javascript, const struct ht_js_event *event,
		    struct stacks *stacks);

/* Adds what was named, and not, of all images. */
void javascript_stats(const struct javascript *javascript, struct v8_resolver_stats *sum);

/* The process has another image. What was named keeps its names. */
int javascript_exec(struct javascript *javascript, struct kernel *kernel);
/* The process has ended; names stay. */
void javascript_end(struct javascript *javascript, struct kernel *kernel);
void javascript_done(struct javascript *javascript);

#endif
