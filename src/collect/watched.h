/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One watched process with all that is known of it over the run: its mappings at every moment, the
 * files that were examined, its JavaScript. A process forked by it is another one.
 */
#ifndef HEAPTAP_COLLECT_WATCHED_H
#define HEAPTAP_COLLECT_WATCHED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "collect/attach.h"
#include "collect/caps.h"
#include "collect/javascript.h"
#include "collect/kernel.h"
#include "collect/loader_hook.h"
#include "collect/moments.h"
#include "collect/tables.h"
#include "collect/target.h"
#include "util/diag.h"

/* What the processes of a session have in common; owned by the session. */
struct watch_shared {
	struct kernel *kernel;
	const struct caps *caps;
	struct tables *tables;
	struct objects *objects;	 /* the files of all processes */
	struct loader_hooks *loaders;	 /* for all processes */
	struct attachments *attachments; /* NULL: no allocator is probed */
	bool closed;			 /* what comes now gets no probe */
	bool told; /* processes that tell of their allocations themselves are believed */
};

struct watched {
	struct target target;
	uint32_t first_epoch; /* of this process; an earlier one had the same pid */
	struct moments moments;
	struct javascript javascript;
	struct object *loader; /* the dynamic loader that is probed, held; NULL: none so far */
	struct loader_place loader_place;
	struct link_set loader_hook;
	unsigned int nr_examined; /* objects looked at for allocators and V8, held */
	struct object **examined;
	bool tells;	       /* of its allocations: no allocator of it is probed */
	bool everywhere;       /* counted by links for all processes: HT_PROCESS_EVERYWHERE */
	struct choice choice;  /* of the allocators it maps, as of its latest mappings */
	bool condemned;	       /* ended, and about to be forgotten */
	bool in_books;	       /* something of it was counted and handed on */
	uint64_t refreshed_ns; /* CLOCK_MONOTONIC */
};

/*
 * Opens @pid and has the programs watch it from now on. With @epoch they do already, as of a child
 * of a followed process; 0: they do not. Nothing is attached yet. @everywhere as in struct watched.
 * On failure nothing is to be closed.
 */
int watched_open(const struct watch_shared *shared, pid_t pid, uint32_t epoch, bool everywhere,
		 struct diag *diag, struct watched *ret);

/* What @like knows of files need not be found out again for @watched, which was opened just now. */
void watched_share(struct watched *watched, const struct watch_shared *shared,
		   const struct watched *like);

/* A child with @epoch that ended before it could be opened; it has the name of @parent. 0 or
 * -ENOMEM. */
int watched_open_gone(const struct watch_shared *shared, pid_t pid, uint32_t epoch,
		      const struct watched *parent, struct watched *ret);

/* Probes go, names stay: it has ended. */
void watched_end(struct watched *watched, const struct watch_shared *shared);
void watched_done(struct watched *watched);

/* Reads the mappings, loads new unwind tables, probes new allocators. */
int watched_refresh(struct watched *watched, const struct watch_shared *shared, struct diag *diag);

/* Puts probes on every allocator among the objects that were not there before. */
int watched_examine(struct watched *watched, const struct watch_shared *shared, struct diag *diag);

/* Looks at its CPU time, its memory and its heap again; what an ended process last showed is kept.
 */
void watched_measure(struct watched *watched, const struct kernel *kernel);

/* It has exec'd; what it maps now is to be read. */
int watched_exec(struct watched *watched, const struct watch_shared *shared, uint32_t epoch);

/* Puts the probes of @parent also on the files that @child does not map, or not yet: they are there
 * from the first instruction of what it may exec. 0 or -errno. */
int watched_inherit(struct watched *child, const struct watch_shared *shared,
		    const struct watched *parent);

/* The mapping of each address at @moment; false when one was in none that is known. */
bool watched_bind(const struct watched *watched, uint32_t moment, const __u64 *pcs, uint32_t nr,
		  uint32_t mappings[HT_MAX_FRAMES]);

#endif
