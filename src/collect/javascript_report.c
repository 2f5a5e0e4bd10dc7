// SPDX-License-Identifier: Apache-2.0
/* Sums over processes. */
#include "collect/javascript_report.h"

#include "collect/watch_list.h"

static void add_spaces(const struct javascript *javascript, struct javascript_report *sum)
{
	sum->nr_heaps += javascript->spaces.nr_isolates;
	for (int i = 0; i < V8_NR_SPACES; i++)
		sum->space_changes[i] += (int64_t)(javascript->spaces.committed[i] -
						   javascript->spaces_start.committed[i]);
}

void javascript_report(const struct watch_list *processes, struct javascript_report *ret)
{
	*ret = (struct javascript_report){.note = ""};
	for (unsigned int i = 0; i < processes->nr; i++) {
		const struct javascript *javascript = &processes->all[i]->javascript;

		ret->nr_processes += javascript->resolver || javascript->unreadable;
		ret->unreadable |= javascript->unreadable;
		if (!*ret->note)
			ret->note = javascript->note;
		javascript_stats(javascript, &ret->stats);
		add_spaces(javascript, ret);
	}
}
