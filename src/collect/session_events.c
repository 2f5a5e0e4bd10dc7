// SPDX-License-Identifier: Apache-2.0
/*
 * What the programs of a session tell of as it happens. Every stack is bound to the mappings of its
 * moment, so maps are read again when an address is in none.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>

#include "collect/children.h"
#include "collect/copy_walk.h"
#include "collect/dump.h"
#include "collect/session_state.h"

int session_refresh(struct session *session, struct watched *watched, struct diag *diag)
{
	int err = watched_refresh(watched, &session->shared, diag);

	if (!err && !session->shared.closed && watched == session->processes.all[0])
		err = session_attach_v8(session, false, diag);
	return err;
}

int session_attach_v8(struct session *session, bool required, struct diag *diag)
{
	const struct watched *watched = session->processes.all[0];
	const struct object *file = watched->javascript.file.object;
	struct v8_source *v8 = &session->v8;
	int err;

	if (source_is_v8(v8->source))
		return v8_source_attach(v8, session->kernel, &session->caps, watched->target.space,
					required, diag);
	if (!v8->watches || !file || file == v8->without)
		return 0;
	err = v8_source_attach(v8, session->kernel, &session->caps, watched->target.space, false,
			       NULL);
	if (!v8->probes.object)
		v8->without = file;
	return err == -ENOMEM ? err : 0;
}

static int take_stack(struct session *session, const struct ht_stack_event *event)
{
	const struct ht_event *head = &event->head.event;
	struct watched *watched = watch_list_find_image(&session->processes, head);
	uint32_t mappings[HT_MAX_FRAMES], nr = event->head.nr_pcs;

	if (!watched)
		return stacks_add(&session->stacks, event, NULL);
	if (!watched_bind(watched, head->moment, event->pcs, nr, mappings) &&
	    watched->refreshed_ns < head->time_ns) {
		session_refresh(session, watched, NULL);
		watched_bind(watched, head->moment, event->pcs, nr, mappings);
	}
	return stacks_add(&session->stacks, event, mappings);
}

static int take_javascript(struct session *session, const struct ht_js_event *event)
{
	struct watched *watched = watch_list_find_image(&session->processes, &event->head.event);

	return watched ? javascript_take(&watched->javascript, event, &session->stacks) : 0;
}

/*
 * A stack the programs could not unwind: walked again here, by tables that may be loaded by now.
 * What is mapped now must be of the sample's generation, or another object's table would be used.
 */
static int take_copy(struct session *session, const struct ht_copy_event *copy)
{
	const struct stack *stack = stacks_at(&session->stacks, copy->site);
	struct watched *watched = watch_list_find_image(&session->processes, &copy->event);
	uint32_t mappings[HT_MAX_FRAMES];
	struct walked walked;

	if (!watched || !stack)
		return 0;
	if (session->dump)
		return dump_sample(session->dump, copy, stack);
	if (watched->refreshed_ns < copy->event.time_ns)
		session_refresh(session, watched, NULL);
	if (!moments_is_current(&watched->moments, copy->event.moment))
		return 0;
	copy_walk(session->tables, watched->target.space, copy, &walked);
	if (walked.end != HT_STACK_complete)
		return 0;
	session->nr_completed++;
	watched_bind(watched, copy->event.moment, (const __u64 *)walked.pcs, walked.nr_pcs,
		     mappings);
	return stacks_replace(&session->stacks, copy->site, walked.pcs, walked.nr_pcs, mappings);
}

static int take_exec(struct session *session, const struct ht_event *event)
{
	struct watched *watched;
	int err = members_exec(&session->members, &session->processes, &session->shared, event,
			       &watched);

	if (!err && watched)
		err = session_refresh(session, watched, NULL);
	if (!err && watched)
		children_ready(watched);
	if (event->held)
		kill(event->tgid, SIGCONT);
	return err == -ENOMEM ? err : 0;
}

static void take_maps(struct session *session, const struct ht_event *event)
{
	struct watched *watched = watch_list_find(&session->processes, event->tgid);

	if (watched && watched->refreshed_ns < event->time_ns)
		session_refresh(session, watched, NULL);
	if (event->held)
		kill(event->tgid, SIGCONT);
}

static int take_mapping(void *arg, void *data, size_t size)
{
	struct session *session = arg;
	int err = mmaps_take(session->mmaps, data);

	(void)size;
	if (err && !session->event_error)
		session->event_error = err;
	return 0;
}

static int take_page(void *arg, void *data, size_t size)
{
	struct session *session = arg;
	int err = pages_take(session->pages, data);

	(void)size;
	if (err && !session->event_error)
		session->event_error = err;
	return 0;
}

static int take_event(void *arg, void *data, size_t size)
{
	struct session *session = arg;
	const struct ht_event *event = data;
	int err = 0;

	(void)size;
	switch (event->kind) {
	case HT_EVENT_STACK:
		err = take_stack(session, data);
		break;
	case HT_EVENT_JS:
		err = take_javascript(session, data);
		break;
	case HT_EVENT_COPY:
		err = take_copy(session, data);
		break;
	case HT_EVENT_EXEC:
		err = take_exec(session, event);
		break;
	case HT_EVENT_FORK:
		err = children_fork(&session->processes, &session->shared, event);
		break;
	case HT_EVENT_GC:
		err = v8_source_collection(&session->v8, data);
		break;
	case HT_EVENT_MAPS:
		take_maps(session, event);
		break;
	case HT_EVENT_SPENT: /* it has done its work: session_poll() returns */
		break;
	}
	if (err && !session->event_error)
		session->event_error = err;
	return 0;
}

int session_open_rings(struct session *session)
{
	const struct kernel *kernel = session->kernel;
	int err = 0;

	session->ring = ring_buffer__new(kernel_events_fd(kernel), take_event, session, NULL);
	if (!session->ring)
		return -errno;
	if (session->mmaps)
		err = ring_buffer__add(session->ring, kernel_mapping_events_fd(kernel),
				       take_mapping, session);
	if (!err && session->pages)
		err = ring_buffer__add(session->ring, kernel_page_events_fd(kernel), take_page,
				       session);
	return err;
}
