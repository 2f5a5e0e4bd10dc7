// SPDX-License-Identifier: Apache-2.0
/*
 * The profile as one JSON object, described in docs/json.md. Written piece by piece (head,
 * frame by frame, site by site), so that memory does not grow with the number of sites. Stacks are
 * numbers of frames: spelled out, 50,000 stacks of 30 frames would take 400 MB.
 */
#include <math.h>

#include "export/encode.h"
#include "export/table_rows.h"
#include "export/writers.h"
#include "profile/label.h"

#define SCHEMA "heaptap-profile-1"

static json_t *new_errors(const struct row *row)
{
	json_t *object = json_object();

	if (row->inuse_error_known)
		encode_set(&object, LABEL_INUSE_ERROR,
			   json_integer(llround(sqrt(row->inuse_variance))));
	if (row->alloc_error_known)
		encode_set(&object, LABEL_ALLOC_ERROR,
			   json_integer(llround(sqrt(row->alloc_variance))));
	return object;
}

static int put_site(struct encode_frames *writer, uint32_t index)
{
	const struct profile *profile = writer->profile;
	const struct profile_sample *sample = &profile->samples[index];
	struct row row = row_of_sample(profile, index);
	json_t *object;
	int err;

	err = stack_load(&writer->stack, sample);
	if (err)
		return err;
	object = json_object();
	encode_set(&object, "values", encode_values(profile, row.values));
	encode_set(&object, "errors", new_errors(&row));
	encode_set(&object, "labels", encode_labels(sample));
	encode_set(&object, "site", encode_site(&writer->stack));
	fputs(index ? ",\n{" : "\n{", writer->out);
	err = encode_put(writer->out, object, JSON_EMBED);
	encode_put_stack(writer);
	return err;
}

static json_t *new_modules(const struct profile *profile)
{
	json_t *list = json_array(), *object;

	for (uint32_t i = 0; i < profile->nr_mappings && list; i++) {
		const struct profile_mapping *mapping = &profile->mappings[i];

		object = json_object();
		encode_set(&object, "file", encode_string(mapping->file));
		encode_set(&object, "build_id", encode_string_or_null(mapping->build_id));
		encode_set(&object, "start", encode_address(mapping->start));
		encode_set(&object, "limit", encode_address(mapping->limit));
		encode_set(&object, "offset", encode_address(mapping->offset));
		if (json_array_append_new(list, object)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static int put_head(const struct encode_frames *writer)
{
	const struct profile *profile = writer->profile;
	json_t *object = json_object(), *comments = json_array();
	struct row total = row_zero, one;

	total.inuse_error_known = total.alloc_error_known = profile->nr_samples > 0;
	for (uint32_t i = 0; i < profile->nr_samples; i++) {
		one = row_of_sample(profile, i);
		row_add(&total, &one);
	}
	encode_set(&object, "schema", json_string(SCHEMA));
	encode_set(&object, "losses", encode_losses(profile));
	encode_set(&object, "notes", encode_notes(profile, comments));
	encode_set(&object, "comments", comments);
	encode_set(&object, "time_ns", json_integer(profile->time_ns));
	encode_set(&object, "duration_ns", json_integer(profile->duration_ns));
	encode_set(&object, "period", json_integer(profile->period));
	encode_set(&object, "totals", encode_values(profile, total.values));
	encode_set(&object, "errors", new_errors(&total));
	encode_set(&object, "modules", new_modules(profile));
	putc('{', writer->out);
	return encode_put(writer->out, object, JSON_EMBED);
}

int json_write(const struct profile *profile, const struct export_options *options, FILE *out)
{
	struct encode_frames writer;
	int err;

	(void)options;
	err = encode_frames_init(&writer, profile, out);
	if (!err)
		err = put_head(&writer);
	if (!err)
		err = encode_put_frames(&writer);
	fputs(",\"sites\":[", out);
	for (uint32_t i = 0; i < profile->nr_samples && !err && !ferror(out); i++)
		err = put_site(&writer, i);
	fputs("\n]}\n", out);
	encode_frames_done(&writer);
	return err;
}
