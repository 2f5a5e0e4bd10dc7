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
#include "collect/stacks.h"
#include "proc/space.h"
#include "v8/resolver.h"

struct javascript {
	struct v8_layout layout;
	struct v8_resolver *resolver; /* of the present image; NULL: no V8 so far */
	unsigned int nr_past;
	struct v8_resolver **past; /* of former images: their names are still in use */
	struct object *object;	   /* the file with V8, held */
	uint64_t blob_offset;	   /* of the builtins in it */
	bool unreadable;	   /* there is a V8 whose frames cannot be named: note says why */
	char note[256];		   /* for the user: what is assumed of it, or missing; "" */
	uint32_t entry;		   /* as struct ht_process's v8 */
};

/* A process that maps the same file need not look for V8 in it again. @javascript is zeroed. */
void javascript_share(struct javascript *javascript, const struct javascript *like);

/* Is V8 in @object, a file that the process maps? 0 or -ENOMEM. */
int javascript_examine(struct javascript *javascript, struct object *object);

/* Tells the walker where V8's code is mapped now, if it is; from then on frames are named. 0 or
 * -errno. */
int javascript_publish(struct javascript *javascript, struct kernel *kernel,
		       const struct space *space, uint32_t tgid);

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
