// SPDX-License-Identifier: Apache-2.0
/*
 * The file format of speedscope.app: a list of functions, and for each metric a "sampled" profile
 * of stacks with weights, the metric that was asked for first. speedscope takes neither negative
 * weights nor a profile without a list, so a metric without samples has empty ones.
 *
 * Written piece by piece; stacks are numbers, so nothing in them needs encoding.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>

#include "export/paths.h"
#include "export/writers.h"

#define SCHEMA "https://www.speedscope.app/file-format-schema.json"

/* Units of speedscope; counts have none. */
static const char *unit_of(enum metric metric)
{
	const char *unit = metric_unit(metric);

	return *unit == 'c' ? "none" : unit;
}

/* Writes and frees @value. */
static int put(FILE *out, json_t *value)
{
	int err = 0;

	if (!value || (json_dumpf(value, out, JSON_COMPACT | JSON_ENCODE_ANY) && !ferror(out)))
		err = -ENOMEM;
	json_decref(value);
	return err;
}

/* A function without a source file is shown by its module. */
static int put_frame(FILE *out, const struct path_function *function)
{
	const char *file = *function->file ? function->file : function->module;
	json_t *object = json_pack("{s:s}", "name", function->name);
	int failed = !object;

	if (!failed && *file && *file != '[') /* "[js]", "[vdso]" */
		failed = json_object_set_new(object, "file", json_string(file));
	if (!failed && *function->file && function->start_line > 0)
		failed = json_object_set_new(object, "line", json_integer(function->start_line));
	if (failed) {
		json_decref(object);
		return -ENOMEM;
	}
	return put(out, object);
}

static int put_frames(FILE *out, const struct paths *paths)
{
	int err = 0;

	for (uint32_t i = 0; i < paths->nr_functions && !err; i++) {
		fputs(i ? ",\n" : "\n", out);
		err = put_frame(out, &paths->functions[i]);
	}
	return err;
}

static void put_stack(FILE *out, const struct paths *paths, const struct path *path)
{
	for (uint32_t i = 0; i < path->nr; i++)
		fprintf(out, i ? ",%" PRIu32 : "[%" PRIu32,
			paths->places[paths->steps[path->first + i]].function);
	putc(']', out);
}

/* A profile's samples and their weights are two lists. */
static void put_profile(FILE *out, const struct paths *paths, const struct table_rows *rows,
			enum metric metric)
{
	const char *separator = "\n";
	int64_t total = 0;

	fprintf(out, "{\"type\":\"sampled\",\"name\":\"%s\",\"unit\":\"%s\",\"samples\":[",
		metric_name(metric), unit_of(metric));
	for (uint32_t i = 0; i < rows->nr_rows && !ferror(out); i++) {
		int64_t value = rows->rows[i].values[metric];

		if (value <= 0)
			continue;
		if (__builtin_add_overflow(total, value, &total))
			total = INT64_MAX;
		fputs(separator, out);
		put_stack(out, paths, &paths->paths[i]);
		separator = ",\n";
	}
	fputs("],\"weights\":[", out);
	separator = "";
	for (uint32_t i = 0; i < rows->nr_rows && !ferror(out); i++) {
		int64_t value = rows->rows[i].values[metric];

		if (value <= 0)
			continue;
		fprintf(out, "%s%" PRId64, separator, value);
		separator = ",";
	}
	fprintf(out, "],\"startValue\":0,\"endValue\":%" PRId64 "}", total);
}

static int put_head(FILE *out, const struct profile *profile)
{
	const char *name = profile_note(profile, "target") ?: profile_note(profile, "comm");
	int err;

	fprintf(out, "{\"$schema\":\"" SCHEMA "\",\"exporter\":\"heaptap " HEAPTAP_VERSION
		     "\",\"activeProfileIndex\":0,\"name\":");
	err = put(out, json_string(name ?: "heap profile"));
	fputs(",\"shared\":{\"frames\":[", out);
	return err;
}

static int put_document(FILE *out, const struct profile *profile, const struct paths *paths,
			const struct table_rows *rows, enum metric first)
{
	int err = put_head(out, profile);

	if (!err)
		err = put_frames(out, paths);
	fputs("]},\"profiles\":[\n", out);
	put_profile(out, paths, rows, first);
	for (int metric = NR_METRICS - 1; metric >= 0 && !err && !ferror(out); metric--) {
		if (metric == (int)first || !profile->has_metric[metric])
			continue;
		fputs(",\n", out);
		put_profile(out, paths, rows, metric);
	}
	fputs("]}\n", out);
	return err;
}

int speedscope_write(const struct profile *profile, const struct export_options *options, FILE *out)
{
	struct table_rows rows = {0};
	struct paths paths = {0};
	struct stack stack;
	int err;

	err = stack_init(&stack, profile);
	stack.lines = options->lines;
	stack.inverted = options->inverted;
	if (!err)
		err = table_rows_build(&rows, &stack, ROWS_BY_STACK, options->by);
	if (!err)
		err = paths_build(&paths, &stack, &rows, options->by);
	if (!err)
		err = put_document(out, profile, &paths, &rows, options->metric);
	paths_done(&paths);
	table_rows_done(&rows);
	stack_done(&stack);
	return err;
}
