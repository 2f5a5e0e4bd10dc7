// SPDX-License-Identifier: Apache-2.0
/*
 * A recording from attach to freeze. What happens meanwhile is taken in by session_events.c.
 */
#include "collect/session.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "collect/children.h"
#include "collect/dump.h"
#include "collect/ended.h"
#include "collect/javascript_report.h"
#include "collect/launch.h"
#include "collect/no_allocator.h"
#include "collect/processes.h"
#include "collect/session_state.h"
#include "collect/tables.h"
#include "collect/watch_list.h"
#include "proc/objects.h"
#include "util/clock.h"

#define MAX_ALONE 4

#define MEASURE_INTERVAL_NS 500000000ULL
#define MEASURE_EACH_NS	    5000000ULL
#define MEASURE_ALWAYS	    16 /* so many are measured whenever somebody asks */

static void take_options(struct session *session, const struct session_options *options)
{
	const struct selection *selection = options->selection;

	session->caps = options->caps;
	session->dump = options->dump;
	session->ended.options = options->ended;
	session->members.selection = selection;
	session->processes.follow = selection->follow || selection_is_open(selection);
	session->processes.max_alone = selection->all	    ? 0
				       : selection->isolate ? UINT_MAX
							    : MAX_ALONE;
	session->v8.source = options->source;
	session->v8.watches = source_is_v8(options->source) || !selection_is_several(selection);
	session->page_rate = options->page_rate;
}

/* 0 or -ENOMEM. */
static int open_mmaps(struct session *session)
{
	session->mmaps = mmaps_new();
	if (!session->mmaps)
		return -ENOMEM;
	session->ended.mmaps = session->mmaps;
	session->ended.attachments = &session->attachments;
	return 0;
}

/* 0 or -ENOMEM. */
static int open_pages(struct session *session)
{
	session->pages = session->ended.pages = pages_new();
	return session->pages ? 0 : -ENOMEM;
}

int session_new(const struct session_options *options, struct diag *diag, struct session **ret)
{
	struct session *session = calloc(1, sizeof(*session));
	struct kernel_options kernel = {
		.rate = options->rate,
		.governed = options->governed,
		.map_memory = options->map_memory,
		.caps = options->caps,
		.programs =
			source_programs(options->source, !selection_is_several(options->selection)),
		.gc_stacks = options->source == SOURCE_GC,
		.mmaps = options->mmaps,
		.pages = options->pages || options->source == SOURCE_PAGE,
		.empty_programs = options->empty_programs,
		.copy_every = options->copy_every,
		.verbose = options->verbose,
	};
	struct tables_maps maps;
	int err;

	if (!session)
		return diag_fail(diag, -ENOMEM, "out of memory");
	take_options(session, options);
	err = kernel_new(&kernel, diag, &session->kernel);
	if (err)
		goto out;
	kernel_tables_maps(session->kernel, &maps);
	err = tables_new(&maps, &session->tables);
	if (err) {
		diag_fail(diag, err, "cannot map the unwind tables: %s", strerror(-err));
		goto out;
	}
	session->objects = objects_new();
	if (!session->objects || (options->mmaps && open_mmaps(session)) ||
	    (kernel.pages && open_pages(session))) {
		err = diag_fail(diag, -ENOMEM, "out of memory");
		goto out;
	}
	session->shared = (struct watch_shared){
		.kernel = session->kernel,
		.caps = &session->caps,
		.tables = session->tables,
		.objects = session->objects,
		.loaders = &session->loaders,
		.told = options->told,
		.attachments = options->source == SOURCE_MALLOC ? &session->attachments : NULL,
	};
	err = session_open_rings(session);
	if (err)
		diag_fail(diag, err, "cannot read the BPF ring buffers: %s", strerror(-err));
	else if ((err = kernel_attach_process_events(session->kernel)))
		diag_fail(diag, err, "cannot follow exec, exit and system calls: %s",
			  strerror(-err));
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
	ended_done(&session->ended);
	attachments_done(&session->attachments);
	v8_source_done(&session->v8);
	watch_list_done(&session->processes);
	loader_hooks_done(&session->loaders);
	ring_buffer__free(session->ring);
	mmaps_free(session->mmaps);
	pages_free(session->pages);
	tables_free(session->tables);
	stacks_done(&session->stacks);
	kernel_free(session->kernel);
	objects_free(session->objects);
	free(session);
}

int session_start_pages(struct session *session, uint64_t rate, struct diag *diag)
{
	return pages_attach(session->pages, session->kernel, rate, diag);
}

/* From now on everything counts. */
static int enable(struct session *session, struct diag *diag)
{
	int err = 0;

	if (session->v8.source == SOURCE_PAGE)
		err = session_start_pages(session, session->page_rate, diag);
	if (!err)
		kernel_enable(session->kernel, HT_ENABLED);
	return err;
}

static int require_probes(struct session *session, struct diag *diag)
{
	const struct target *target = &session->processes.all[0]->target;
	const struct process *process = &target->process;

	if (session->v8.source == SOURCE_PAGE)
		return 0;
	/* A command may yet become Node. */
	if (source_is_v8(session->v8.source))
		return session_attach_v8(session, target->late, diag);
	if (session->attachments.nr || session->mmaps) /* what it maps is seen all the same */
		return 0;
	return diag_fail(diag, -ENOTSUP,
			 "pid %d (%s) %s; `heaptap check -p %d` lists what was looked at",
			 process->pid, process->comm, no_allocator_reason(target), process->pid);
}

int session_attach(struct session *session, struct diag *diag)
{
	struct watch_list *processes = &session->processes;
	int err = members_attach(&session->members, processes, &session->shared, diag);

	if (!err && source_is_v8(session->v8.source) && processes->nr > 1)
		err = diag_fail(diag, -EINVAL,
				"%u processes match: the source %s is for one, give its -p PID",
				processes->nr, source_name(session->v8.source));
	err = err ?: require_probes(session, diag);
	err = err ?: enable(session, diag);
	/* last: looking for V8's functions takes some 0.1 s of a Node */
	return err ?: session_attach_v8(session, false, diag);
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
	struct watched *watched = session->processes.all[0];
	struct space *space = watched->target.space;
	int err;

	/* From now on it is held by the programs: it may exec as soon as it is let go. */
	if (loaded)
		return session_refresh(session, watched, launching->diag)
			       ?: processes_set_flags(kernel_processes(session->kernel),
						      watched->target.process.pid, HT_PROCESS_HOLD);
	err = space_refresh(space, NULL);
	err = err ?: watched_examine(watched, &session->shared, launching->diag);
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
	struct watched *watched;
	int err = launch_start(argv, ret_pid, diag);

	if (err)
		return err;
	err = watch_list_add(&session->processes, &session->shared, *ret_pid, 0, NULL, diag,
			     &watched);
	err = err ?: enable(session, diag);
	if (!err) {
		err = launch_load(*ret_pid, launched_code, &launching);
		if (err == -ESRCH)
			diag_fail(diag, err, "%s ended before it ran", argv[0]);
	}
	err = err ?: require_probes(session, diag);
	if (err) {
		kill(*ret_pid, SIGKILL);
		waitpid(*ret_pid, NULL, 0);
	}
	return err;
}

/* Of very many not all so often: reading one takes some 50 us. */
static void measure(struct session *session)
{
	const struct watch_list *processes = &session->processes;
	uint64_t now = clock_now_ns();

	if (now - session->measured_ns <= MEASURE_INTERVAL_NS + processes->nr * MEASURE_EACH_NS)
		return;
	session->measured_ns = now;
	for (unsigned int i = 0; i < processes->nr; i++)
		target_measure(&processes->all[i]->target);
}

int session_poll(struct session *session, int timeout_ms, const sigset_t *mask)
{
	struct watch_list *processes = &session->processes;
	int ring = ring_buffer__epoll_fd(session->ring), n;
	int err = watch_list_wait(processes, ring, ended_is_busy(&session->ended) ? 0 : timeout_ms,
				  mask);

	if (err)
		return err;
	if (session->pages && !session->frozen_ns &&
	    (n = pages_adjust(session->pages, session->kernel, NULL)))
		return n;
	n = ring_buffer__consume(session->ring);
	if (n < 0)
		return n;
	if (session->event_error)
		return session->event_error;
	if (session->pages && !session->frozen_ns &&
	    (n = pages_check(session->pages, session->kernel, false)))
		return n;
	measure(session);
	if (!watch_list_end(processes, &session->shared) &&
	    !selection_is_open(session->members.selection))
		return 1;
	/* what the others count is scaled in the end, all at once */
	if (session->frozen_ns || source_is_v8(session->v8.source))
		return 0;
	return ended_sweep(&session->ended, session->kernel, &session->stacks, processes);
}

int session_set_rate(struct session *session, uint64_t rate)
{
	return kernel_set_rate(session->kernel, rate);
}

void session_set_credit(struct session *session, int64_t hits)
{
	__atomic_store_n(kernel_credit(session->kernel), hits, __ATOMIC_RELEASE);
}

bool session_credit_spent(const struct session *session)
{
	return __atomic_load_n(kernel_credit(session->kernel), __ATOMIC_ACQUIRE) <= 0;
}

int session_usage(struct session *session, struct session_usage *ret)
{
	const struct watch_list *processes = &session->processes;
	struct session_sums sums;

	ret->watched_ns = (session->frozen_ns ?: clock_now_ns()) - kernel_start_ns(session->kernel);
	if (processes->nr <= MEASURE_ALWAYS)
		for (unsigned int i = 0; i < processes->nr; i++)
			target_measure(&processes->all[i]->target);
	session_sums(session, &sums);
	ret->cpu_ns = sums.cpu_ns;
	return kernel_stats(session->kernel, &ret->stats);
}

uint64_t session_drop_allocators(struct session *session)
{
	kernel_enable(session->kernel, HT_NO_ALLOCATORS); /* they do not go all at once */
	session->shared.attachments = NULL;
	attachments_detach(&session->attachments);
	return clock_now_ns() - kernel_start_ns(session->kernel);
}

uint64_t session_detach(struct session *session)
{
	const struct watch_list *processes = &session->processes;

	if (session->frozen_ns)
		return session->frozen_ns - kernel_start_ns(session->kernel);
	kernel_enable(session->kernel, HT_DISABLED);
	session->frozen_ns = clock_now_ns();
	session->shared.closed = true;
	for (unsigned int i = 0; i < processes->nr; i++)
		watched_measure(processes->all[i], session->kernel);
	attachments_detach(&session->attachments);
	loader_hooks_detach(&session->loaders);
	v8_probes_detach(&session->v8.probes);
	kernel_detach_system_calls(session->kernel);
	if (session->pages)
		pages_detach(session->pages);
	for (unsigned int i = 0; i < processes->nr; i++) {
		link_set_close(&processes->all[i]->loader_hook);
		javascript_detach(&processes->all[i]->javascript);
	}
	return session->frozen_ns - kernel_start_ns(session->kernel);
}

int session_freeze(struct session *session)
{
	int n;

	session_detach(session);
	n = ring_buffer__consume(session->ring);
	if (n >= 0 && session->pages)
		n = pages_finish(session->pages, session->kernel);
	if (n >= 0 && session->dump)
		n = dump_mappings(session->dump, session->processes.all[0]->target.space);
	return n < 0 ? n : session->event_error;
}
