// SPDX-License-Identifier: Apache-2.0
/*
 * A recording from attach to freeze. Events are taken in as they come, so that every stack is bound
 * to the mappings of its moment; maps are read again when an address is in none.
 */
#include "collect/session.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collect/copy_walk.h"
#include "collect/dump.h"
#include "collect/launch.h"
#include "collect/loader_hook.h"
#include "collect/moments.h"
#include "collect/tables.h"
#include "util/clock.h"

#define MEASURE_INTERVAL_NS 500000000ULL
#define READ_TRIES	    3

struct session {
	struct caps caps;
	struct kernel *kernel;
	struct ring_buffer *ring;
	struct target target;
	bool has_target;
	struct stacks stacks;
	struct attachments attachments;
	struct loader_hook loader_hook;
	struct moments moments;
	struct tables *tables;
	unsigned int nr_examined; /* objects looked at for allocators, held */
	struct object **examined;
	uint64_t refreshed_ns, measured_ns, frozen_ns; /* CLOCK_MONOTONIC; 0: not yet */
	FILE *dump;
	uint64_t nr_completed; /* samples whose stack a raw copy completed */
	int event_error;       /* first -errno of taking in an event */
};

/* --- allocators of the target ------------------------------------------------------------------
 */

static bool is_examined(const struct session *session, const struct object *object)
{
	for (unsigned int i = 0; i < session->nr_examined; i++)
		if (session->examined[i] == object)
			return true;
	return false;
}

static int remember(struct session *session, struct object *object)
{
	struct object **all =
		reallocarray(session->examined, session->nr_examined + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	session->examined = all;
	all[session->nr_examined++] = object_get(object);
	return 0;
}

/* Puts probes on every allocator among the objects that were not there before. */
static int examine_space(struct session *session, struct diag *diag)
{
	const struct space *space = session->target.space;
	const struct process *process = &session->target.process;
	int err = 0;

	if (session->frozen_ns) /* what comes now gets no probe */
		return 0;
	for (uint32_t i = 0; i < space->nr_mappings && err >= 0; i++) {
		struct object *object = space->mappings[i].object;

		if (!space->mappings[i].live || !object || is_examined(session, object))
			continue;
		err = remember(session, object);
		if (!err)
			err = attachments_add(&session->attachments, session->kernel,
					      &session->caps, object,
					      !strcmp(object->path, process->exe), process->pid,
					      diag);
		if (err >= 0 && session->loader_hook.fds[0] < 0)
			loader_hook_open(session->kernel, &session->caps, object, process->pid,
					 &session->loader_hook);
	}
	return err < 0 ? err : 0;
}

/* Reads the mappings, again when some went away meanwhile: then it is not known which they were. */
static int read_space(struct session *session, uint32_t *ret_generation, bool *ret_stable)
{
	const struct target *target = &session->target;
	uint32_t tgid = target->process.pid, after;
	int err = 0;

	*ret_stable = false;
	session->refreshed_ns = clock_now_ns();
	for (int i = 0; i < READ_TRIES && !err && !*ret_stable; i++) {
		err = kernel_generation(session->kernel, tgid, ret_generation);
		err = err ?: space_refresh(target->space, NULL);
		err = err ?: kernel_generation(session->kernel, tgid, &after);
		*ret_stable = !err && after == *ret_generation;
	}
	return err;
}

/* Reads the mappings, loads new unwind tables, probes new allocators. Tables first: stacks are
 * incomplete until they are there. */
static int refresh_space(struct session *session, struct diag *diag)
{
	struct target *target = &session->target;
	uint32_t tgid = target->process.pid, generation;
	uint64_t mapset;
	bool stable;
	int err = read_space(session, &generation, &stable);

	err = err ?: tables_publish(session->tables, target->space, tgid, generation, &mapset);
	err = err
		      ?: moments_add(&session->moments, target->space, HT_MAPSET_VERSION(mapset),
				     generation, stable);
	err = err ?: kernel_set_mapset(session->kernel, tgid, mapset);
	return err ?: examine_space(session, diag);
}

/* --- events ------------------------------------------------------------------------------------
 */

/* The mapping of each address at @moment; false when one was in none that is known. */
static bool bind(const struct session *session, uint32_t moment, const __u64 *pcs, uint32_t nr,
		 uint32_t mappings[HT_MAX_FRAMES])
{
	bool all = true;

	for (uint32_t i = 0; i < nr; i++) {
		mappings[i] =
			moments_find(&session->moments, session->target.space, moment, pcs[i] - 1);
		all &= mappings[i] != SPACE_NONE;
	}
	return all;
}

static int take_stack(struct session *session, const struct ht_stack_event *event)
{
	const struct ht_event *head = &event->head.event;
	uint32_t mappings[HT_MAX_FRAMES], nr = event->head.nr_pcs;

	if (head->epoch != session->target.epoch)
		return stacks_add(&session->stacks, event, NULL);
	if (!bind(session, head->moment, event->pcs, nr, mappings) &&
	    session->refreshed_ns < head->time_ns) {
		refresh_space(session, NULL);
		bind(session, head->moment, event->pcs, nr, mappings);
	}
	return stacks_add(&session->stacks, event, mappings);
}

/*
 * A stack the programs could not unwind: walked again here, by tables that may be loaded by now.
 * What is mapped now must be of the sample's generation, or another object's table would be used.
 */
static int take_copy(struct session *session, const struct ht_copy_event *copy)
{
	const struct target *target = &session->target;
	const struct stack *stack = stacks_at(&session->stacks, copy->site);
	uint32_t mappings[HT_MAX_FRAMES];
	struct walked walked;

	if (copy->event.epoch != target->epoch || !stack)
		return 0;
	if (session->dump)
		return dump_sample(session->dump, copy, stack);
	if (session->refreshed_ns < copy->event.time_ns)
		refresh_space(session, NULL);
	if (!moments_is_current(&session->moments, copy->event.moment))
		return 0;
	copy_walk(session->tables, target->space, copy, &walked);
	if (walked.end != HT_STACK_complete)
		return 0;
	session->nr_completed++;
	bind(session, copy->event.moment, (const __u64 *)walked.pcs, walked.nr_pcs, mappings);
	return stacks_replace(&session->stacks, copy->site, walked.pcs, walked.nr_pcs, mappings);
}

static int take_exec(struct session *session, const struct ht_event *event)
{
	int err;

	if (event->epoch == session->target.epoch)
		return 0;
	err = target_exec(&session->target, event->epoch);
	err = err ?: refresh_space(session, NULL);
	return err == -ESRCH ? 0 : err;
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
	case HT_EVENT_COPY:
		err = take_copy(session, data);
		break;
	case HT_EVENT_EXEC:
		err = take_exec(session, event);
		break;
	case HT_EVENT_MAPS:
		if (session->refreshed_ns < event->time_ns)
			refresh_space(session, NULL);
		if (event->held)
			kill(event->tgid, SIGCONT);
		break;
	}
	if (err && !session->event_error)
		session->event_error = err;
	return 0;
}

/* --- life --------------------------------------------------------------------------------------
 */

int session_new(const struct session_options *options, struct diag *diag, struct session **ret)
{
	struct session *session = calloc(1, sizeof(*session));
	struct kernel_options kernel = {
		.rate = options->rate,
		.governed = options->governed,
		.map_memory = options->map_memory,
		.caps = options->caps,
		.empty_programs = options->empty_programs,
		.copy_every = options->copy_every,
		.verbose = options->verbose,
	};
	struct tables_maps maps;
	int err;

	if (!session)
		return diag_fail(diag, -ENOMEM, "out of memory");
	session->caps = options->caps;
	session->dump = options->dump;
	session->target.pidfd = -1;
	session->loader_hook = (struct loader_hook){{-1, -1}};
	err = kernel_new(&kernel, diag, &session->kernel);
	if (err)
		goto out;
	kernel_tables_maps(session->kernel, &maps);
	err = tables_new(&maps, &session->tables);
	if (err) {
		diag_fail(diag, err, "cannot map the unwind tables: %s", strerror(-err));
		goto out;
	}
	session->ring =
		ring_buffer__new(kernel_events_fd(session->kernel), take_event, session, NULL);
	if (!session->ring)
		err = diag_fail(diag, -errno, "cannot read the BPF ring buffer: %s",
				strerror(errno));
	else if ((err = kernel_attach_process_events(session->kernel)))
		diag_fail(diag, err, "cannot follow exec and exit: %s", strerror(-err));
out:
	if (err) {
		session_free(session);
		return err;
	}
	*ret = session;
	return 0;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	attachments_done(&session->attachments);
	for (unsigned int i = 0; i < session->nr_examined; i++)
		object_put(session->examined[i]);
	free(session->examined);
	loader_hook_close(&session->loader_hook);
	ring_buffer__free(session->ring);
	tables_free(session->tables);
	moments_done(&session->moments);
	stacks_done(&session->stacks);
	if (session->has_target)
		target_close(&session->target);
	kernel_free(session->kernel);
	free(session);
}

static int open_target(struct session *session, pid_t pid, struct diag *diag)
{
	int err = target_open(pid, &session->target, diag);

	if (err)
		return err;
	session->has_target = true;
	session->refreshed_ns = clock_now_ns();
	err = kernel_watch(session->kernel, pid, 0);
	if (err)
		return diag_fail(diag, err, "cannot watch pid %d: %s", pid, strerror(-err));
	return 0;
}

static int require_allocator(const struct session *session, struct diag *diag)
{
	const struct process *process = &session->target.process;

	if (session->attachments.nr)
		return 0;
	return diag_fail(diag, -ENOTSUP,
			 "no allocator functions (malloc, free) found in pid %d (%s): it is linked "
			 "statically and stripped, or does not use the C library's heap; "
			 "`heaptap check -p %d` lists what was looked at",
			 process->pid, process->comm, process->pid);
}

int session_attach(struct session *session, pid_t pid, struct diag *diag)
{
	int err = open_target(session, pid, diag);

	session->target.late = true;
	err = err ?: refresh_space(session, diag);
	err = err ?: require_allocator(session, diag);
	if (!err)
		kernel_enable(session->kernel, true);
	return err;
}

struct launching {
	struct session *session;
	struct diag *diag;
};

/* The process stands still at a moment when it has mapped code. When the loader itself holds the
 * allocator (musl: the C library is the loader) nothing more is to come. */
static int launched_code(uint64_t loader_base, bool loaded, void *arg)
{
	const struct launching *launching = arg;
	struct session *session = launching->session;
	const struct space *space = session->target.space;
	int err;

	if (loaded)
		return refresh_space(session, launching->diag);
	err = space_refresh(session->target.space, NULL);
	err = err ?: examine_space(session, launching->diag);
	for (uint32_t i = 0; i < space->nr_mappings && !err; i++) {
		const struct mapping *mapping = &space->mappings[i];

		if (!mapping->live || mapping->start - mapping->offset != loader_base)
			continue;
		if (attachments_have(&session->attachments, mapping->object))
			return 1;
	}
	return err;
}

int session_launch(struct session *session, char *const argv[], pid_t *ret_pid, struct diag *diag)
{
	struct launching launching = {session, diag};
	int err = launch_start(argv, ret_pid, diag);

	if (err)
		return err;
	err = open_target(session, *ret_pid, diag);
	if (!err) {
		kernel_enable(session->kernel, true);
		err = launch_load(*ret_pid, launched_code, &launching);
		if (err == -ESRCH)
			diag_fail(diag, err, "%s ended before it ran", argv[0]);
		err = err ?: kernel_hold(session->kernel, *ret_pid, true);
	}
	err = err ?: require_allocator(session, diag);
	if (err) {
		kill(*ret_pid, SIGKILL);
		waitpid(*ret_pid, NULL, 0);
	}
	return err;
}

int session_poll(struct session *session, int timeout_ms, const sigset_t *mask)
{
	struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
	struct pollfd fds[] = {
		{.fd = ring_buffer__epoll_fd(session->ring), .events = POLLIN},
		{.fd = session->target.pidfd, .events = POLLIN},
	};
	int n = ppoll(fds, 2, &timeout, mask);

	if (n < 0 && errno != EINTR)
		return -errno;
	n = ring_buffer__consume(session->ring);
	if (n < 0)
		return n;
	if (session->event_error)
		return session->event_error;
	if (clock_now_ns() - session->measured_ns > MEASURE_INTERVAL_NS) {
		session->measured_ns = clock_now_ns();
		target_measure(&session->target);
	}
	session->target.ended = fds[1].revents & POLLIN;
	return session->target.ended;
}

int session_set_rate(struct session *session, uint64_t rate)
{
	return kernel_set_rate(session->kernel, rate);
}

int session_usage(struct session *session, struct session_usage *ret)
{
	struct target *target = &session->target;

	target_measure(target);
	ret->watched_ns = (session->frozen_ns ?: clock_now_ns()) - kernel_start_ns(session->kernel);
	ret->cpu_ns = target->cpu_ns - target->cpu_start_ns;
	return kernel_stats(session->kernel, &ret->stats);
}

uint64_t session_detach(struct session *session)
{
	if (!session->frozen_ns) {
		kernel_enable(session->kernel, false);
		session->frozen_ns = clock_now_ns();
		target_measure(&session->target);
		attachments_detach(&session->attachments);
		loader_hook_close(&session->loader_hook);
	}
	return session->frozen_ns - kernel_start_ns(session->kernel);
}

int session_freeze(struct session *session)
{
	int n;

	session_detach(session);
	n = ring_buffer__consume(session->ring);
	if (n >= 0 && session->dump)
		n = dump_mappings(session->dump, session->target.space);
	return n < 0 ? n : session->event_error;
}

/* --- what was recorded -------------------------------------------------------------------------
 */

const struct target *session_target(const struct session *session)
{
	return &session->target;
}

const struct attachments *session_attachments(const struct session *session)
{
	return &session->attachments;
}

uint64_t session_map_bytes(const struct session *session)
{
	return kernel_map_bytes(session->kernel);
}

void session_tables(const struct session *session, struct tables_stats *ret)
{
	tables_stats(session->tables, ret);
}

int session_snapshot(struct session *session, uint64_t min_age_ns, struct snapshot *ret)
{
	int err;

	err = snapshot_take(session->kernel, &session->stacks, session->target.epoch, min_age_ns,
			    session->frozen_ns ?: clock_now_ns(), ret);
	if (err)
		return err;
	ret->nr_complete = ret->stats.ends[HT_STACK_complete] + session->nr_completed;
	ret->stats.loss[HT_LOSS_stack_incomplete] -= session->nr_completed;
	return 0;
}
