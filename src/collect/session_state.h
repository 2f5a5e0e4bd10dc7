/* SPDX-License-Identifier: Apache-2.0 */
/* What a session is made of: for session.c, where it lives, session_events.c and session_read.c
 * alone. */
#ifndef HEAPTAP_COLLECT_SESSION_STATE_H
#define HEAPTAP_COLLECT_SESSION_STATE_H

#include "collect/mmaps.h"
#include "collect/pages.h"
#include "collect/session.h"
#include "collect/watch_list.h"
#include "collect/watched.h"

struct session {
	struct caps caps;
	struct objects *objects;
	struct kernel *kernel;
	struct ring_buffer *ring;
	struct stacks stacks;
	struct attachments attachments;
	struct v8_source v8;
	struct tables *tables;
	struct watch_shared shared;
	struct ended ended;
	struct mmaps *mmaps; /* NULL: not asked for */
	struct pages *pages; /* likewise */
	struct loader_hooks loaders;
	struct members members;
	struct watch_list processes; /* the first is what the user named; then those it forked */
	uint64_t page_rate;	     /* of the source page */
	uint64_t measured_ns, frozen_ns; /* CLOCK_MONOTONIC; 0: not yet */
	FILE *dump;
	uint64_t nr_completed; /* samples whose stack a raw copy completed */
	int event_error;       /* first -errno of taking in an event */
};

/* Reads the mappings of @watched again, and probes what is new in them. 0 or -errno with @diag. */
int session_refresh(struct session *session, struct watched *watched, struct diag *diag);

/* Probes V8 in the first process, if its collections are watched and it has V8. Beside the sources
 * malloc and page it is no error when that cannot be. As v8_source_attach(). */
int session_attach_v8(struct session *session, bool required, struct diag *diag);

/* Opens the rings. Events of processes and stacks come first, then what became of mappings and
 * pages. 0 or -errno. */
int session_open_rings(struct session *session);

#endif
