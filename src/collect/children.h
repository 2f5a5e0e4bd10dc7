/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that a followed one forks. The programs give a child its entry among the watched before
 * it runs, so that every exec of it is reported; here it gets what it takes to count: the probes of
 * its parent at once, which hold over an exec of what its parent also maps, and then what is its
 * own.
 */
#ifndef HEAPTAP_COLLECT_CHILDREN_H
#define HEAPTAP_COLLECT_CHILDREN_H

#include "collect/watch_list.h"
#include "collect/watched.h"
#include "heaptap/wire.h"

/* A child is born. One that cannot be watched (it has ended already) is none. 0 or -ENOMEM. */
int children_fork(struct watch_list *list, const struct watch_shared *shared,
		  const struct ht_event *event);

/* A watched process has exec'd: *ret_watched, whose mappings are to be read; NULL when it is not to
 * be watched any more, or that was known. 0 or -errno. */
int children_exec(struct watch_list *list, const struct watch_shared *shared,
		  const struct ht_event *event, struct watched **ret_watched);

/* All probes of @watched are in place: if it is a child, it is known now how late. */
void children_ready(struct watched *watched);

/* How many children ended before they were watched, and the longest time that another ran before.
 */
void children_summary(const struct watch_list *list, unsigned int *ret_nr_missed,
		      uint64_t *ret_late_ns);

#endif
