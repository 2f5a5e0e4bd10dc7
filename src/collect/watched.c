// SPDX-License-Identifier: Apache-2.0
/*
 * The order matters: a process is watched before its mappings are read, so that what changes
 * meanwhile is heard of; tables are there before probes, since until then stacks are incomplete.
 */
#include "collect/watched.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collect/processes.h"
#include "collect/told_probes.h"
#include "heaptap/unwind.h"
#include "util/clock.h"

#define READ_TRIES 3

/* The loader before mappings are read: else what is loaded meanwhile was never seen. */
void watched_share(struct watched *watched, const struct watch_shared *shared,
		   const struct watched *like)
{
	javascript_share(&watched->javascript, &like->javascript);
	if (!like->loader || watched->everywhere ||
	    loader_hook_open(shared->kernel, shared->caps, like->loader, &like->loader_place,
			     watched->target.process.pid, &watched->loader_hook))
		return;
	watched->loader = object_get(like->loader);
	watched->loader_place = like->loader_place;
}

int watched_open(const struct watch_shared *shared, pid_t pid, uint32_t epoch, bool everywhere,
		 struct diag *diag, struct watched *ret)
{
	int err;

	memset(ret, 0, sizeof(*ret));
	err = target_open(pid, shared->objects, &ret->target, diag);
	if (err)
		return err;
	ret->refreshed_ns = clock_now_ns();
	if (!epoch) {
		epoch = kernel_epoch_next(shared->kernel);
		err = processes_watch(kernel_processes(shared->kernel), pid, epoch);
	}
	ret->everywhere = everywhere;
	if (!err && everywhere)
		processes_set_flags(kernel_processes(shared->kernel), pid, HT_PROCESS_EVERYWHERE);
	ret->first_epoch = ret->target.epoch = epoch;
	if (!err)
		return 0;
	watched_done(ret);
	return diag_fail(diag, err, "cannot watch pid %d: %s", pid, strerror(-err));
}

int watched_open_gone(const struct watch_shared *shared, pid_t pid, uint32_t epoch,
		      const struct watched *parent, struct watched *ret)
{
	int err;

	memset(ret, 0, sizeof(*ret));
	err = target_open_gone(pid, parent->target.process.comm, shared->objects, &ret->target);
	ret->first_epoch = ret->target.epoch = epoch;
	return err;
}

void watched_end(struct watched *watched, const struct watch_shared *shared)
{
	pid_t pid = watched->target.process.pid;

	processes_leave(kernel_processes(shared->kernel), pid, watched->target.epoch);
	tables_leave(shared->tables, pid);
	if (shared->attachments)
		attachments_leave(shared->attachments, pid);
	link_set_leave(&watched->loader_hook);
	javascript_end(&watched->javascript, shared->kernel);
	target_end(&watched->target);
}

void watched_done(struct watched *watched)
{
	for (unsigned int i = 0; i < watched->nr_examined; i++)
		object_put(watched->examined[i]);
	free(watched->examined);
	link_set_close(&watched->loader_hook);
	object_put(watched->loader);
	moments_done(&watched->moments);
	javascript_done(&watched->javascript);
	target_close(&watched->target);
}

/* --- what it has mapped ------------------------------------------------------------------------
 */

static bool is_examined(const struct watched *watched, const struct object *object)
{
	for (unsigned int i = 0; i < watched->nr_examined; i++)
		if (watched->examined[i] == object)
			return true;
	return false;
}

static int remember(struct watched *watched, struct object *object)
{
	struct object **all =
		reallocarray(watched->examined, watched->nr_examined + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	watched->examined = all;
	all[watched->nr_examined++] = object_get(object);
	return 0;
}

static bool is_loader(struct object *object, struct loader_place *ret)
{
	if (object->lacks & OBJECT_LACKS_LOADER)
		return false;
	if (!loader_place_find(object, ret))
		return true;
	object->lacks |= OBJECT_LACKS_LOADER;
	return false;
}

static int hook_loader(struct watched *watched, const struct watch_shared *shared,
		       struct object *object)
{
	if (watched->everywhere)
		return loader_hooks_add(shared->loaders, shared->kernel, shared->caps, object,
					&watched->loader_place);
	return loader_hook_open(shared->kernel, shared->caps, object, &watched->loader_place,
				watched->target.process.pid, &watched->loader_hook);
}

static int examine(struct watched *watched, const struct watch_shared *shared,
		   struct object *object, struct diag *diag)
{
	const struct process *process = &watched->target.process;
	pid_t pid = watched->everywhere ? 0 : process->pid;
	int err = remember(watched, object);

	if (err)
		return diag_fail(diag, err, "out of memory");
	if (shared->attachments && watched->tells)
		err = attachments_add_told(shared->attachments, shared->kernel, shared->caps,
					   object, pid, diag);
	else if (shared->attachments)
		err = attachments_add(shared->attachments, shared->kernel, shared->caps, object,
				      process_executes(process->pid, object->path), pid, diag);
	if (err < 0)
		return err;
	if (!watched->loader && is_loader(object, &watched->loader_place) &&
	    !hook_loader(watched, shared, object))
		watched->loader = object_get(object);
	return 0;
}

int watched_inherit(struct watched *child, const struct watch_shared *shared,
		    const struct watched *parent)
{
	int err = 0;

	for (unsigned int i = 0; i < parent->nr_examined && !err && !shared->closed; i++) {
		struct object *object = parent->examined[i];

		if (shared->attachments && attachments_have(shared->attachments, object) &&
		    !is_examined(child, object))
			err = examine(child, shared, object, NULL);
	}
	return err;
}

/* Of several allocators one may be there in vain. */
static int choose(struct watched *watched, const struct watch_shared *shared)
{
	int err;

	if (!shared->attachments)
		return 0;
	err = attachments_choose(shared->attachments, watched->target.space, &watched->choice);
	if (!err)
		processes_set_unused(kernel_processes(shared->kernel), watched->target.process.pid,
				     &watched->choice.unused);
	return err;
}

/* Before any allocator is probed: in its place the probes the process has itself are. */
static bool tells(const struct watched *watched)
{
	const struct space *space = watched->target.space;

	for (uint32_t i = 0; i < space->nr_mappings; i++) {
		struct object *object = space->mappings[i].object;

		if (space->mappings[i].live && object && !object->vdso && told_probes_exist(object))
			return true;
	}
	return false;
}

int watched_examine(struct watched *watched, const struct watch_shared *shared, struct diag *diag)
{
	const struct space *space = watched->target.space;
	int err = 0;

	watched->tells |= shared->told && tells(watched);
	for (uint32_t i = 0; i < space->nr_mappings && !err && !shared->closed; i++) {
		struct object *object = space->mappings[i].object;

		if (space->mappings[i].live && object && !is_examined(watched, object))
			err = examine(watched, shared, object, diag);
	}
	return err ?: choose(watched, shared);
}

/* Reads the mappings, again when some went away meanwhile: then it is not known which they were. */
static int read_space(struct watched *watched, const struct kernel *kernel,
		      uint32_t *ret_generation, bool *ret_stable)
{
	uint32_t tgid = watched->target.process.pid, after;
	int err = 0;

	*ret_stable = false;
	watched->refreshed_ns = clock_now_ns();
	for (int i = 0; i < READ_TRIES && !err && !*ret_stable; i++) {
		err = processes_generation(kernel_processes(kernel), tgid, ret_generation);
		err = err ?: space_refresh(watched->target.space, NULL);
		err = err ?: processes_generation(kernel_processes(kernel), tgid, &after);
		*ret_stable = !err && after == *ret_generation;
	}
	return err;
}

/* Reads what is mapped and hands it to the programs. */
static int publish(struct watched *watched, const struct watch_shared *shared)
{
	struct space *space = watched->target.space;
	uint32_t tgid = watched->target.process.pid, generation;
	uint64_t mapset;
	bool stable;
	int err = read_space(watched, shared->kernel, &generation, &stable);

	err = err ?: tables_publish(shared->tables, space, tgid, generation, &mapset);
	err = err
		      ?: moments_add(&watched->moments, space, HT_MAPSET_VERSION(mapset),
				     generation, stable);
	err = err ?: javascript_examine(&watched->javascript, space);
	err = err
		      ?: javascript_publish(&watched->javascript, shared->kernel, shared->caps,
					    shared->tables, space, tgid);
	return err ?: processes_set_mapset(kernel_processes(shared->kernel), tgid, mapset);
}

static int refresh(struct watched *watched, const struct watch_shared *shared, struct diag *diag)
{
	const struct process *process = &watched->target.process;
	int err = publish(watched, shared);

	if (err == -ESRCH)
		return target_gone(process->pid, diag);
	if (err == -E2BIG)
		return diag_fail(diag, -ENOTSUP,
				 "pid %d (%s) has more than %d executable mappings, and so many at "
				 "most can be watched",
				 process->pid, process->comm, HT_MAX_MAPPINGS);
	if (err)
		return diag_fail(diag, err, "cannot follow what pid %d (%s) maps: %s", process->pid,
				 process->comm, strerror(-err));
	return watched_examine(watched, shared, diag);
}

/* What was loaded before the loader was probed is read once more. */
int watched_refresh(struct watched *watched, const struct watch_shared *shared, struct diag *diag)
{
	const struct object *loader = watched->loader;
	int err = refresh(watched, shared, diag);

	if (!err && watched->loader != loader)
		err = refresh(watched, shared, diag);
	return err;
}

void watched_measure(struct watched *watched, const struct kernel *kernel)
{
	target_measure(&watched->target);
	if (!watched->target.ended)
		javascript_measure(&watched->javascript, kernel, watched->target.process.pid);
}

int watched_exec(struct watched *watched, const struct watch_shared *shared, uint32_t epoch)
{
	int err = target_exec(&watched->target, epoch);

	return err ?: javascript_exec(&watched->javascript, shared->kernel);
}

bool watched_bind(const struct watched *watched, uint32_t moment, const __u64 *pcs, uint32_t nr,
		  uint32_t mappings[HT_MAX_FRAMES])
{
	bool all = true;

	for (uint32_t i = 0; i < nr; i++) {
		mappings[i] =
			moments_find(&watched->moments, watched->target.space, moment, pcs[i] - 1);
		all &= mappings[i] != SPACE_NONE;
	}
	return all;
}
