/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run can say about the JavaScript of all its processes: what was named, what V8's heaps
 * grew by.
 */
#ifndef HEAPTAP_COLLECT_JAVASCRIPT_REPORT_H
#define HEAPTAP_COLLECT_JAVASCRIPT_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "v8/resolver.h"
#include "v8/spaces.h"

struct javascript;
struct watch_list;

struct javascript_report {
	unsigned int nr_processes; /* with V8 */
	const char *note; /* of the first that has one: what is assumed of its V8, or why it
			   * cannot be read; or "". Valid as long as the processes */
	bool unreadable;
	struct v8_resolver_stats stats;
	unsigned int nr_heaps;		     /* isolates whose sizes are known */
	uint64_t committed;		     /* bytes, of all spaces */
	int64_t space_changes[V8_NR_SPACES]; /* bytes committed since it was found */
};

void javascript_report_add(struct javascript_report *report, const struct javascript *javascript);
void javascript_report(const struct watch_list *processes, struct javascript_report *ret);

#endif
