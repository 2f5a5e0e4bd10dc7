/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON form of export/gc_lines.h: one object a line.
 */
#ifndef HEAPTAP_EXPORT_GC_JSON_H
#define HEAPTAP_EXPORT_GC_JSON_H

#include "export/gc_lines.h"

/* 0 or -ENOMEM. */
int gc_json_put(const struct gc_lines *lines, const struct ht_gc_event *event);
int gc_json_summary(const struct gc_lines *lines, const struct gc_stats *stats,
		    const struct gc_run *run);

#endif
