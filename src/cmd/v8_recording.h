/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is different in a recording of the sources "gc" and "js": which metrics it has, what a
 * site's values and labels mean, what the notes and the summary say.
 */
#ifndef HEAPTAP_CMD_V8_RECORDING_H
#define HEAPTAP_CMD_V8_RECORDING_H

#include "cmd/recording.h"
#include "cmd/record.h"

/* The metric a source is shown by, and whether it has @metric at all. */
enum metric v8_default_metric(enum source source);
bool v8_has_metric(enum source source, enum metric metric);

/* Fills values and labels (room for 4) of a site's sample. */
void v8_fill_sample(const struct v8_source *v8, const struct site_totals *site,
		    struct profile_sample *sample);

/* Mean bytes of a sample; 1 for the source gc. */
int64_t v8_period(const struct v8_source *v8, const struct snapshot *snapshot);

/* Instead of what is said about allocators. */
int v8_add_notes(const struct v8_source *v8, const struct snapshot *snapshot,
		 struct profile *profile);
void v8_say_probes(const struct v8_source *v8);
void v8_say_seen(const struct v8_source *v8, const struct snapshot *snapshot);

#endif
