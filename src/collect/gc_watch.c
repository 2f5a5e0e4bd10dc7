// SPDX-License-Identifier: Apache-2.0
/* The smallest maps there are, the four probes, and the ring of events. */
#include "collect/gc_watch.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "collect/processes.h"
#include "collect/kernel.h"

struct gc_watch {
	struct kernel *kernel;
	struct ring_buffer *ring;
	struct target target;
	bool has_target;
	struct v8_probes probes;
	int (*visit)(const struct ht_gc_event *event, void *arg);
	void *arg;
	bool exec_seen;
	int error; /* first of the visitor */
};

static int take_event(void *arg, void *data, size_t size)
{
	struct gc_watch *watch = arg;
	const struct ht_event *event = data;

	(void)size;
	if (event->kind == HT_EVENT_EXEC)
		watch->exec_seen = true;
	if (event->kind == HT_EVENT_GC && !watch->error)
		watch->error = watch->visit(data, watch->arg);
	return 0;
}

static int open_kernel(struct gc_watch *watch, const struct gc_watch_options *options,
		       struct diag *diag)
{
	const struct kernel_options kernel = {
		.rate = 1,
		.map_memory = KERNEL_MAP_MEMORY_MIN,
		.caps = options->caps,
		.programs = KERNEL_PROGRAMS_GC,
		.verbose = options->verbose,
	};
	int err = kernel_new(&kernel, diag, &watch->kernel);

	if (err)
		return err;
	watch->ring = ring_buffer__new(kernel_events_fd(watch->kernel), take_event, watch, NULL);
	if (!watch->ring)
		return diag_fail(diag, -errno, "cannot read the BPF ring buffer: %s",
				 strerror(errno));
	err = kernel_attach_process_events(watch->kernel);
	if (err)
		return diag_fail(diag, err, "cannot follow exec and exit: %s", strerror(-err));
	err = processes_watch(kernel_processes(watch->kernel), options->pid, 0);
	if (err)
		return diag_fail(diag, err, "cannot watch pid %d: %s", options->pid,
				 strerror(-err));
	return 0;
}

int gc_watch_open(const struct gc_watch_options *options, struct diag *diag, struct gc_watch **ret)
{
	struct gc_watch *watch = calloc(1, sizeof(*watch));
	int err;

	if (!watch)
		return diag_fail(diag, -ENOMEM, "out of memory");
	watch->visit = options->visit;
	watch->arg = options->arg;
	watch->target.pidfd = -1;
	err = target_open(options->pid, NULL, &watch->target, diag);
	watch->has_target = !err;
	err = err ?: v8_probes_find(watch->target.space, KERNEL_PROGRAMS_GC, &watch->probes, diag);
	err = err ?: open_kernel(watch, options, diag);
	err = err
		      ?: v8_probes_link(&watch->probes, watch->kernel, &options->caps, options->pid,
					diag);
	if (err) {
		gc_watch_close(watch);
		return err;
	}
	kernel_enable(watch->kernel, HT_ENABLED);
	*ret = watch;
	return 0;
}

void gc_watch_close(struct gc_watch *watch)
{
	if (!watch)
		return;
	v8_probes_done(&watch->probes);
	ring_buffer__free(watch->ring);
	if (watch->has_target)
		target_close(&watch->target);
	kernel_free(watch->kernel);
	free(watch);
}

int gc_watch_poll(struct gc_watch *watch, int timeout_ms, const sigset_t *mask)
{
	struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
	struct pollfd fds[] = {
		{.fd = ring_buffer__epoll_fd(watch->ring), .events = POLLIN},
		{.fd = watch->target.pidfd, .events = POLLIN},
	};
	int n = ppoll(fds, 2, &timeout, mask);

	if (n < 0 && errno != EINTR)
		return -errno;
	n = ring_buffer__consume(watch->ring);
	if (n < 0)
		return n;
	if (watch->error)
		return watch->error;
	watch->target.ended = fds[1].revents & POLLIN;
	return watch->target.ended || watch->exec_seen;
}

int gc_watch_stop(struct gc_watch *watch)
{
	int n;

	kernel_enable(watch->kernel, HT_DISABLED);
	v8_probes_detach(&watch->probes);
	n = ring_buffer__consume(watch->ring);
	return n < 0 ? n : watch->error;
}

const struct target *gc_watch_target(const struct gc_watch *watch)
{
	return &watch->target;
}

const struct v8_probes *gc_watch_probes(const struct gc_watch *watch)
{
	return &watch->probes;
}

int gc_watch_stats(const struct gc_watch *watch, struct ht_stats *ret)
{
	return kernel_stats(watch->kernel, ret);
}
