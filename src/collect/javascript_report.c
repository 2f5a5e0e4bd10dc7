// SPDX-License-Identifier: Apache-2.0
/* Sums over processes. */
#include "collect/javascript_report.h"

#include "collect/watch_list.h"

static void add_spaces(const struct javascript *javascript, struct javascript_report *sum)
{
	sum->nr_heaps += javascript->spaces.nr_isolates;
	for (int i = 0; i < V8_NR_SPACES; i++) {
		sum->committed += javascript->spaces.committed[i];
		sum->space_changes[i] += (int64_t)(javascript->spaces.committed[i] -
						   javascript->spaces_start.committed[i]);
	}
}

void javascript_report_add(struct javascript_report *report, const struct javascript *javascript)
{
	report->nr_processes += javascript->resolver || javascript->unreadable;
	report->unreadable |= javascript->unreadable;
	if (!report->note || !*report->note)
		report->note = javascript->note;
	javascript_stats(javascript, &report->stats);
	add_spaces(javascript, report);
}

void javascript_report(const struct watch_list *processes, struct javascript_report *ret)
{
	*ret = processes->past.javascript;
	ret->note = "";
	for (unsigned int i = 0; i < processes->nr; i++)
		javascript_report_add(ret, &processes->all[i]->javascript);
}
