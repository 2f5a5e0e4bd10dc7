// SPDX-License-Identifier: Apache-2.0
/*
 * Execs are told of before the processes there are are looked for, so that none is missed between
 * the two: what is then told of one that is watched by now has a smaller epoch, and is old.
 */
#include "collect/members.h"

#include <errno.h>
#include <stdlib.h>

#include "collect/children.h"
#include "collect/processes.h"

static int watch(struct watch_list *list, const struct watch_shared *shared, pid_t pid,
		 struct diag *diag)
{
	struct watched *watched;
	int err = watch_list_add(list, shared, pid, 0, NULL, diag, &watched);

	if (err)
		return err;
	watched->target.late = true;
	err = watched_refresh(watched, shared, diag);
	if (err)
		watch_list_leave(list, shared, watched);
	return err;
}

static void refuse(struct members *members, int err, const struct diag *diag)
{
	if (err == -ESRCH) /* it has ended meanwhile */
		return;
	members->nr_refused++;
	members->refused = *diag;
}

static int none(const struct members *members, struct diag *diag)
{
	char text[256];

	if (members->nr_refused)
		return diag_fail(diag, -ENOTSUP, "%s", members->refused.text);
	selection_describe(members->selection, text, sizeof(text));
	return diag_fail(diag, -ESRCH, "no process matches %s; with --wait heaptap waits for one",
			 text);
}

int members_attach(struct members *members, struct watch_list *list,
		   const struct watch_shared *shared, struct diag *diag)
{
	const struct selection *selection = members->selection;
	unsigned int nr, nr_watched = 0;
	struct diag why = {0};
	pid_t *pids;
	int err;

	if (selection_is_open(selection))
		kernel_tell_all_execs(shared->kernel);
	err = selection_find(selection, &pids, &nr);
	if (err)
		return diag_fail(diag, err, "cannot look through /proc");
	if (nr > list->max_alone) /* then rather all of them */
		list->max_alone = 0;
	for (unsigned int i = 0; i < nr && !err; i++) {
		err = watch(list, shared, pids[i], &why);
		nr_watched += !err;
		if (!err || err == -ENOMEM)
			continue;
		if (i < selection->nr_pids) {
			*diag = why;
			break;
		}
		refuse(members, err, &why);
		err = 0;
	}
	free(pids);
	return err ?: nr_watched ? 0 : none(members, diag);
}

/* Not one of ours so far: is it by what it has become? */
static int join(struct members *members, struct watch_list *list, const struct watch_shared *shared,
		const struct ht_event *event)
{
	struct process process;
	struct diag why = {0};
	int err;

	if (!selection_is_open(members->selection) || shared->closed ||
	    process_read(event->tgid, &process) || !selection_has(members->selection, &process))
		return 0;
	err = watch(list, shared, event->tgid, &why);
	if (err) {
		refuse(members, err, &why);
		return err == -ENOMEM ? err : 0;
	}
	list->all[list->nr - 1]->target.born_ns = event->time_ns;
	children_ready(list->all[list->nr - 1]);
	return 0;
}

int members_exec(struct members *members, struct watch_list *list,
		 const struct watch_shared *shared, const struct ht_event *event,
		 struct watched **ret_watched)
{
	const struct selection *selection = members->selection;
	const struct watched *watched = watch_list_find(list, event->tgid);
	bool known = watched && !watched->target.ended;
	int err;

	*ret_watched = NULL;
	if (!known && !processes_have(kernel_processes(shared->kernel), event->tgid, event->epoch))
		return join(members, list, shared, event);
	err = children_exec(list, shared, event, ret_watched);
	if (err || !*ret_watched || !selection_is_open(selection) || selection->follow ||
	    selection_has(selection, &(*ret_watched)->target.process))
		return err;
	watch_list_leave(list, shared, *ret_watched);
	*ret_watched = NULL;
	return 0;
}
