/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model of one recorded profile: what was allocated, freed and still held, by symbolized
 * stack. It knows no file format and no target; writers and reports are pure functions of it.
 *
 * Ownership: the profile owns everything that was added to it; strings are copied (interned) on
 * the way in, so equal strings of one profile are one pointer, and are valid UTF-8: a byte that is
 * not becomes '?'. NULL is taken as "". Indices stay valid for the profile's life.
 */
#ifndef HEAPTAP_PROFILE_PROFILE_H
#define HEAPTAP_PROFILE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The values of a sample, in the order of the pprof file: those of a heap profile, and those of one
 * of garbage collections. */
enum metric {
	METRIC_ALLOC_OBJECTS,
	METRIC_ALLOC_SPACE,
	METRIC_INUSE_OBJECTS,
	METRIC_INUSE_SPACE,
	METRIC_GC_PAUSES,
	METRIC_GC_TIME,
	NR_METRICS,
};

#define NR_HEAP_METRICS METRIC_GC_PAUSES

/* "inuse_space" and so on; metric_parse() returns -EINVAL for a name that is none of them. */
const char *metric_name(enum metric metric);
const char *metric_unit(enum metric metric); /* "bytes", "count" or "nanoseconds" */
int metric_parse(const char *name, enum metric *ret_metric);

#define PROFILE_NONE UINT32_MAX /* "no such mapping" */

/* The file of the mapping that all JavaScript frames are in: their file and line tell functions of
 * one name apart, and are shown with it. */
#define PROFILE_JAVASCRIPT "[js]"

struct profile_mapping {
	uint64_t start, limit, offset; /* addresses in the target; offset in the file, bytes */
	const char *file;	       /* path as the target sees it, or "[vdso]" */
	const char *build_id;	       /* lower-case hex, "" when the object has none */
};

struct profile_function {
	const char *name;	 /* demangled, as shown */
	const char *system_name; /* as in the symbol table */
	const char *file;	 /* source file, "" when unknown */
	int64_t start_line;
};

struct profile_line {
	uint32_t function;
	int64_t line; /* 0 when unknown */
};

/* A pc, with its inlined functions: lines[0] is the innermost, the last one the real function.
 * A foreign profile may have locations that were never symbolized: nr_lines is then 0. */
struct profile_location {
	uint32_t mapping; /* PROFILE_NONE when there is none */
	uint64_t address; /* of the call instruction, not of the return */
	uint32_t nr_lines;
	struct profile_line *lines;
};

/* A label is a string or, with unit, a number. */
struct profile_label {
	const char *key;
	const char *string; /* NULL for a number */
	int64_t number;
	const char *unit;
};

struct profile_sample {
	int64_t values[NR_METRICS]; /* estimates: already scaled by the sampling weight */
	uint32_t nr_locations;
	uint32_t *locations; /* leaf first */
	uint32_t nr_labels;
	struct profile_label *labels;
};

/* What the run says about itself: rate, losses, target. In the file: "heaptap:KEY=VALUE". */
struct profile_note {
	const char *key; /* "" for a comment written by another tool */
	const char *value;
};

struct profile {
	uint32_t nr_mappings, nr_functions, nr_locations, nr_samples, nr_notes;
	struct profile_mapping *mappings;
	struct profile_function *functions;
	struct profile_location *locations;
	struct profile_sample *samples;
	struct profile_note *notes;
	int64_t time_ns; /* end of the recording, UTC since 1970 */
	int64_t duration_ns;
	int64_t period;		     /* mean bytes between samples; 1 = exact */
	bool has_metric[NR_METRICS]; /* false for what a foreign profile does not carry */
	enum metric
		default_metric; /* which its writer wants to be shown; NR_METRICS: does not say */
	struct profile_index *index; /* private: interned strings, lookup of what exists */
};

/* Has the four metrics of a heap profile, none by default, period 0. NULL when out of memory.
 * profile_free(NULL) is allowed. */
struct profile *profile_new(void);
void profile_free(struct profile *profile);

/*
 * The adders return 0 or -ENOMEM. The first three return the index of an equal entry when there is
 * one: mappings by (start, limit, offset, file, build_id), functions by all fields, locations by
 * (mapping, address, lines). -EINVAL for an index that does not exist.
 */
int profile_add_mapping(struct profile *profile, const struct profile_mapping *mapping,
			uint32_t *ret_index);
int profile_add_function(struct profile *profile, const struct profile_function *function,
			 uint32_t *ret_index);
int profile_add_location(struct profile *profile, const struct profile_location *location,
			 uint32_t *ret_index);

/* Adds @sample; one with the same locations and labels (in the same order) is added to it, value by
 * value. Sums stop at the limits of int64_t, here and in profile_total(). */
int profile_add_sample(struct profile *profile, const struct profile_sample *sample);

/* Sets the note @key (replacing its value), or appends a foreign comment when @key is "".
 * -EINVAL when @key has a '='. */
int profile_set_note(struct profile *profile, const char *key, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* NULL when there is no such note. */
const char *profile_note(const struct profile *profile, const char *key);

/* The note as a number; false, and *ret untouched, when it is missing or none. */
bool profile_note_number(const struct profile *profile, const char *key, int64_t *ret);

/* Sum of one metric over all samples. */
int64_t profile_total(const struct profile *profile, enum metric metric);

#endif
