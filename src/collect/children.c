// SPDX-License-Identifier: Apache-2.0
/*
 * While a child execs, the kernel may show no mappings of it, or those of neither image: what
 * cannot be opened at its fork is opened at its exec.
 */
#include "collect/children.h"

#include <errno.h>
#include <string.h>

#include "util/clock.h"

/*
 * The child gets the probes of @parent. Where its program is a new one its unwind tables and its V8
 * take their time, some 100 ms: the probes come first, and some stacks are incomplete.
 */
static int adopt(struct watch_list *list, const struct watch_shared *shared,
		 const struct ht_event *event, const struct watched *parent)
{
	struct watched *child, *old = watch_list_find(list, event->tgid);
	int err;

	if (old && !old->target.ended) /* another had that number */
		watch_list_leave(list, shared, old);
	err = watch_list_add(list, shared, event->tgid, event->epoch, parent, NULL, &child);
	if (err) /* what it was counted for has a name all the same */
		return watch_list_add_gone(list, shared, event, parent) ?: err;
	child->target.born_ns = event->time_ns;
	if (!watch_list_find_exe(list, child->target.process.exe, child))
		err = watched_inherit(child, shared, parent);
	err = err ?: watched_refresh(child, shared, NULL);
	err = err ?: watched_inherit(child, shared, parent);
	if (!err)
		children_ready(child);
	return err;
}

void children_ready(struct watched *watched)
{
	struct target *target = &watched->target;

	if (target->born_ns && !target->follow_late_ns)
		target->follow_late_ns = clock_now_ns() - target->born_ns;
}

int children_fork(struct watch_list *list, const struct watch_shared *shared,
		  const struct ht_event *event)
{
	const struct watched *parent = watch_list_find(list, event->parent);
	int err = adopt(list, shared, event, parent ?: list->all[0]);

	return err == -ENOMEM ? err : 0;
}

int children_exec(struct watch_list *list, const struct watch_shared *shared,
		  const struct ht_event *event, struct watched **ret_watched)
{
	struct watched *watched = watch_list_find(list, event->tgid);
	const struct watched *like;
	int err;

	*ret_watched = NULL;
	if (!watched || watched->target.ended) {
		err = adopt(list, shared, event, list->all[0]);
		if (!err && watched && !watched->refreshed_ns)
			watched->target.born_ns = 0; /* not missed after all */
		return err;
	}
	if (event->epoch <= watched->target.epoch)
		return 0;
	list->nr_gone++;
	err = watched_exec(watched, shared, event->epoch);
	if (err)
		return err;
	like = watch_list_find_exe(list, watched->target.process.exe, watched);
	if (like)
		javascript_share(&watched->javascript, &like->javascript);
	*ret_watched = watched;
	return 0;
}

void children_summary(const struct watch_list *list, unsigned int *ret_nr_missed,
		      uint64_t *ret_late_ns)
{
	*ret_nr_missed = list->past.nr_missed;
	*ret_late_ns = list->past.late_ns;
	for (unsigned int i = 0; i < list->nr; i++) {
		const struct target *target = &list->all[i]->target;

		*ret_nr_missed += watch_list_was_missed(list->all[i]);
		if (target->follow_late_ns > *ret_late_ns)
			*ret_late_ns = target->follow_late_ns;
	}
}
