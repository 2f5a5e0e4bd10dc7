// SPDX-License-Identifier: Apache-2.0
/*
 * A difference as one JSON object, described in docs/json.md: what each profile says of itself,
 * then every stack with what it has in the one, in the other, and the difference.
 */
#include <inttypes.h>
#include <math.h>

#include "export/diff_view.h"
#include "export/encode.h"
#include "profile/label.h"

#define SCHEMA "heaptap-diff-1"

static json_t *new_side(const struct diff_view *view, enum diff_side side,
			const struct diff_entry *total)
{
	const struct profile *profile = view->profiles[side];
	double seconds = view->diff->seconds[side];
	json_t *object = json_object(), *comments = json_array();

	encode_set(&object, "file", encode_string(view->names[side]));
	encode_set(&object, "losses", encode_losses(profile));
	encode_set(&object, "notes", encode_notes(profile, comments));
	encode_set(&object, "comments", comments);
	encode_set(&object, "time_ns", json_integer(profile->time_ns));
	encode_set(&object, "seconds", seconds > 0 ? json_real(seconds) : json_null());
	encode_set(&object, "period", json_integer(profile->period));
	encode_set(&object, "totals",
		   encode_values(view->diff->profile, total->parts[side].values));
	return object;
}

static json_t *new_deltas(const struct profile *profile, const struct diff_entry *entry)
{
	int64_t values[NR_METRICS];

	for (int i = 0; i < NR_METRICS; i++)
		values[i] = diff_delta(entry, i);
	return encode_values(profile, values);
}

static json_t *new_errors(const struct diff_entry *entry)
{
	json_t *object = json_object();
	double error;

	if (diff_error(entry, METRIC_INUSE_SPACE, &error))
		encode_set(&object, LABEL_INUSE_ERROR, json_integer(llround(fmin(error, 0x1p62))));
	if (diff_error(entry, METRIC_ALLOC_SPACE, &error))
		encode_set(&object, LABEL_ALLOC_ERROR, json_integer(llround(fmin(error, 0x1p62))));
	return object;
}

static int put_head(const struct diff_view *view, const struct export_options *options, FILE *out)
{
	struct diff_entry total = diff_total(view->diff);
	json_t *object = json_object();

	encode_set(&object, "schema", json_string(SCHEMA));
	encode_set(&object, "base", new_side(view, DIFF_BASE, &total));
	encode_set(&object, "new", new_side(view, DIFF_NEW, &total));
	encode_set(&object, "per_second", json_boolean(view->diff->per_second));
	encode_set(&object, "metric", json_string(metric_name(options->metric)));
	encode_set(&object, "totals", new_deltas(view->diff->profile, &total));
	encode_set(&object, "errors", new_errors(&total));
	encode_set(&object, "within_error",
		   json_boolean(diff_within_error(&total, options->metric)));
	putc('{', out);
	return encode_put(out, object, JSON_EMBED);
}

/* Numbers only, and there are many. */
static void put_values(const struct profile *profile, const char *name,
		       const struct diff_part *part, FILE *out)
{
	const char *separator = "";

	fprintf(out, "\"%s\":{", name);
	for (int i = 0; i < NR_METRICS; i++) {
		if (!profile->has_metric[i])
			continue;
		fprintf(out, "%s\"%s\":%" PRId64, separator, metric_name(i), part->values[i]);
		separator = ",";
	}
	fputs("},", out);
}

static int put_site(const struct diff_view *view, struct encode_frames *frames, uint32_t index,
		    enum metric metric)
{
	const struct profile *profile = view->diff->profile;
	const struct diff_entry *entry = &view->diff->entries[index];
	json_t *object;
	int err = stack_load(&frames->stack, &profile->samples[index]);

	if (err)
		return err;
	fputs(index ? ",\n{" : "\n{", frames->out);
	put_values(profile, "base", &entry->parts[DIFF_BASE], frames->out);
	put_values(profile, "new", &entry->parts[DIFF_NEW], frames->out);
	object = json_object();
	encode_set(&object, "delta", new_deltas(profile, entry));
	encode_set(&object, "errors", new_errors(entry));
	encode_set(&object, "change", json_string(diff_verdict_name(diff_judge(entry, metric))));
	encode_set(&object, "within_error", json_boolean(diff_within_error(entry, metric)));
	encode_set(&object, "labels", encode_labels(&profile->samples[index]));
	encode_set(&object, "site", encode_site(&frames->stack));
	err = encode_put(frames->out, object, JSON_EMBED);
	encode_put_stack(frames);
	return err;
}

int diff_json_write(const struct diff_view *view, const struct export_options *options, FILE *out)
{
	const struct profile *profile = view->diff->profile;
	struct encode_frames frames;
	int err;

	err = encode_frames_init(&frames, profile, out);
	err = err ?: put_head(view, options, out);
	err = err ?: encode_put_frames(&frames);
	fputs(",\"sites\":[", out);
	for (uint32_t i = 0; i < profile->nr_samples && !err && !ferror(out); i++)
		err = put_site(view, &frames, i, options->metric);
	fputs("\n]}\n", out);
	encode_frames_done(&frames);
	return err;
}
