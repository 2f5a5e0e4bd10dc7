/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes of a selection: those that are there at the beginning, and those that come to
 * belong to it, or cease to, by what they exec. What watched ones fork is collect/children.h's.
 */
#ifndef HEAPTAP_COLLECT_MEMBERS_H
#define HEAPTAP_COLLECT_MEMBERS_H

#include "collect/selection.h"
#include "collect/watch_list.h"
#include "collect/watched.h"

struct members {
	const struct selection *selection;
	unsigned int nr_refused; /* that belong to it and cannot be watched */
	struct diag refused;	 /* why not, of the last of them */
};

/*
 * Watches all that belong to it now. -ESRCH with @diag when there is none, or one given by number
 * is not there; one of those that cannot be watched is a failure too, of the others it is counted.
 */
int members_attach(struct members *members, struct watch_list *list,
		   const struct watch_shared *shared, struct diag *diag);

/* As children_exec(), for any process that has exec'd. */
int members_exec(struct members *members, struct watch_list *list,
		 const struct watch_shared *shared, const struct ht_event *event,
		 struct watched **ret_watched);

#endif
