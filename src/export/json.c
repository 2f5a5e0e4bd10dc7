// SPDX-License-Identifier: Apache-2.0
/*
 * The profile as one JSON object, described in docs/json.md. Written piece by piece (head,
 * frame by frame, site by site), so that memory does not grow with the number of sites. Stacks are
 * numbers of frames: spelled out, 50,000 stacks of 30 frames would take 400 MB.
 *
 * Strings that are not UTF-8 are repaired: wrong bytes become '?'.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "export/table_rows.h"
#include "export/summary.h"
#include "export/writers.h"
#include "profile/label.h"
#include "profile/site.h"
#include "util/utf8.h"

#define SCHEMA "heaptap-profile-1"

struct writer {
	const struct profile *profile;
	FILE *out;
	struct stack stack;
	uint32_t *first_frames; /* by location: its first one in the list of frames */
};

/* Valid UTF-8; *ret_copy is what the caller frees. NULL when out of memory. */
static const char *repaired(const char *text, char **ret_copy)
{
	*ret_copy = NULL;
	if (!text[utf8_valid_size(text)])
		return text;
	*ret_copy = strdup(text);
	if (*ret_copy)
		utf8_repair(*ret_copy);
	return *ret_copy;
}

static json_t *new_string(const char *text)
{
	char *copy;
	const char *valid = repaired(text, &copy);
	json_t *string = valid ? json_string_nocheck(valid) : NULL;

	free(copy);
	return string;
}

static json_t *string_or_null(const char *text)
{
	return text && *text ? new_string(text) : json_null();
}

static json_t *new_address(uint64_t address)
{
	return json_sprintf("0x%" PRIx64, address);
}

/* Takes over @value. A failure frees the object and leaves NULL there, for the end to see. */
static void set(json_t **object, const char *key, json_t *value)
{
	char *copy;
	const char *valid = repaired(key, &copy);

	if (!*object || !value || !valid) {
		json_decref(value);
		goto fail;
	}
	if (!json_object_set_new_nocheck(*object, valid, value)) {
		free(copy);
		return;
	}
fail:
	free(copy);
	json_decref(*object);
	*object = NULL;
}

/* Writes and frees @value; the braces are left out when @flags has JSON_EMBED. */
static int put(FILE *out, json_t *value, size_t flags)
{
	int err = 0;

	if (!value || (json_dumpf(value, out, JSON_COMPACT | flags) && !ferror(out)))
		err = -ENOMEM;
	json_decref(value);
	return err;
}

static json_t *new_values(const struct profile *profile, const int64_t values[NR_METRICS])
{
	json_t *object = json_object();

	for (int i = 0; i < NR_METRICS; i++)
		if (profile->has_metric[i])
			set(&object, metric_name(i), json_integer(values[i]));
	return object;
}

static json_t *new_errors(const struct row *row)
{
	json_t *object = json_object();

	if (row->inuse_error_known)
		set(&object, LABEL_INUSE_ERROR, json_integer(llround(sqrt(row->inuse_variance))));
	if (row->alloc_error_known)
		set(&object, LABEL_ALLOC_ERROR, json_integer(llround(sqrt(row->alloc_variance))));
	return object;
}

static bool is_error_label(const struct profile_label *label)
{
	return !label->string &&
	       (!strcmp(label->key, LABEL_INUSE_ERROR) || !strcmp(label->key, LABEL_ALLOC_ERROR));
}

/* Every key has a list, since a sample may carry a key more than once. 0 or -ENOMEM. */
static int add_label(json_t *object, const struct profile_label *label)
{
	char *copy;
	const char *key = repaired(label->key, &copy);
	json_t *list = key ? json_object_get(object, key) : NULL;
	int failed = !key;

	if (!list && key) {
		list = json_array();
		failed = json_object_set_new_nocheck(object, key, list);
	}
	if (!failed)
		failed = json_array_append_new(list, label->string ? new_string(label->string)
								   : json_integer(label->number));
	free(copy);
	return failed ? -ENOMEM : 0;
}

static json_t *new_labels(const struct profile_sample *sample)
{
	json_t *object = json_object();

	for (uint32_t i = 0; i < sample->nr_labels; i++) {
		if (is_error_label(&sample->labels[i]))
			continue;
		if (add_label(object, &sample->labels[i])) {
			json_decref(object);
			return NULL;
		}
	}
	return object;
}

static const char *module_of(const struct profile *profile, uint32_t location)
{
	uint32_t mapping = profile->locations[location].mapping;

	return mapping < profile->nr_mappings ? profile->mappings[mapping].file : NULL;
}

static json_t *new_frame(const struct profile *profile, const struct stack_frame *frame)
{
	json_t *object = json_object();

	set(&object, "function", new_string(frame->name));
	set(&object, "file", string_or_null(frame->file));
	set(&object, "line", frame->line > 0 ? json_integer(frame->line) : json_null());
	set(&object, "module", string_or_null(module_of(profile, frame->location)));
	set(&object, "address", new_address(profile->locations[frame->location].address));
	set(&object, "inlined", json_boolean(frame->inlined));
	return object;
}

/* Every location's frames, numbered on the way. */
static int put_frames(struct writer *writer)
{
	uint32_t nr_frames = 0;
	int err = 0;

	fputs(",\"frames\":[", writer->out);
	for (uint32_t i = 0; i < writer->profile->nr_locations && !err; i++) {
		struct profile_sample one = {.nr_locations = 1, .locations = &i};

		writer->first_frames[i] = nr_frames;
		err = stack_load(&writer->stack, &one);
		for (uint32_t j = 0; j < writer->stack.nr_frames && !err; j++) {
			fputs(nr_frames++ ? ",\n" : "\n", writer->out);
			err = put(writer->out, new_frame(writer->profile, &writer->stack.frames[j]),
				  0);
		}
	}
	fputs("\n]", writer->out);
	return err;
}

static json_t *new_site(const struct stack *stack)
{
	const struct stack_frame *frame;
	json_t *object;

	if (!stack->nr_frames)
		return json_null();
	frame = &stack->frames[site_frame(stack)];
	object = json_object();
	set(&object, "function", new_string(frame->name));
	set(&object, "file", string_or_null(frame->file));
	set(&object, "line", frame->line > 0 ? json_integer(frame->line) : json_null());
	return object;
}

/* Numbers only, so nothing needs encoding. */
static void put_stack(const struct writer *writer)
{
	fputs(",\"stack\":[", writer->out);
	for (uint32_t i = 0; i < writer->stack.nr_frames; i++) {
		const struct stack_frame *frame = &writer->stack.frames[i];

		fprintf(writer->out, i ? ",%" PRIu32 : "%" PRIu32,
			writer->first_frames[frame->location] + frame->inline_line);
	}
	fputs("]}", writer->out);
}

static int put_site(struct writer *writer, uint32_t index)
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
	set(&object, "values", new_values(profile, row.values));
	set(&object, "errors", new_errors(&row));
	set(&object, "labels", new_labels(sample));
	set(&object, "site", new_site(&writer->stack));
	fputs(index ? ",\n{" : "\n{", writer->out);
	err = put(writer->out, object, JSON_EMBED);
	put_stack(writer);
	return err;
}

static json_t *new_modules(const struct profile *profile)
{
	json_t *list = json_array(), *object;

	for (uint32_t i = 0; i < profile->nr_mappings && list; i++) {
		const struct profile_mapping *mapping = &profile->mappings[i];

		object = json_object();
		set(&object, "file", new_string(mapping->file));
		set(&object, "build_id", string_or_null(mapping->build_id));
		set(&object, "start", new_address(mapping->start));
		set(&object, "limit", new_address(mapping->limit));
		set(&object, "offset", new_address(mapping->offset));
		if (json_array_append_new(list, object)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* A loss whose value is no number stays among the notes. */
static bool is_loss(const struct profile *profile, const char *key, int64_t *ret_value)
{
	return summary_loss_name(key) && summary_number(profile, key, ret_value);
}

static json_t *new_losses(const struct profile *profile)
{
	json_t *object = json_object();
	int64_t value;

	for (uint32_t i = 0; i < profile->nr_notes; i++) {
		const char *key = profile->notes[i].key;

		if (is_loss(profile, key, &value))
			set(&object, summary_loss_name(key), json_integer(value));
	}
	return object;
}

/* Comments of other tools have no key and go into @comments. */
static json_t *new_notes(const struct profile *profile, json_t *comments)
{
	json_t *object = json_object();
	int64_t value;

	for (uint32_t i = 0; i < profile->nr_notes; i++) {
		const struct profile_note *note = &profile->notes[i];

		if (!*note->key)
			json_array_append_new(comments, new_string(note->value));
		else if (!is_loss(profile, note->key, &value))
			set(&object, note->key, new_string(note->value));
	}
	return object;
}

static int put_head(const struct writer *writer)
{
	const struct profile *profile = writer->profile;
	json_t *object = json_object(), *comments = json_array();
	struct row total = {.inuse_error_known = profile->nr_samples > 0,
			    .alloc_error_known = profile->nr_samples > 0};
	struct row one;

	for (uint32_t i = 0; i < profile->nr_samples; i++) {
		one = row_of_sample(profile, i);
		row_add(&total, &one);
	}
	set(&object, "schema", json_string(SCHEMA));
	set(&object, "losses", new_losses(profile));
	set(&object, "notes", new_notes(profile, comments));
	set(&object, "comments", comments);
	set(&object, "time_ns", json_integer(profile->time_ns));
	set(&object, "duration_ns", json_integer(profile->duration_ns));
	set(&object, "period", json_integer(profile->period));
	set(&object, "totals", new_values(profile, total.values));
	set(&object, "errors", new_errors(&total));
	set(&object, "modules", new_modules(profile));
	putc('{', writer->out);
	return put(writer->out, object, JSON_EMBED);
}

int json_write(const struct profile *profile, const struct export_options *options, FILE *out)
{
	struct writer writer = {.profile = profile, .out = out};
	int err;

	(void)options;
	err = stack_init(&writer.stack, profile);
	if (err)
		goto out;
	writer.first_frames = calloc((size_t)profile->nr_locations + 1, sizeof(uint32_t));
	if (!writer.first_frames) {
		err = -ENOMEM;
		goto out;
	}
	err = put_head(&writer);
	if (!err)
		err = put_frames(&writer);
	fputs(",\"sites\":[", out);
	for (uint32_t i = 0; i < profile->nr_samples && !err && !ferror(out); i++)
		err = put_site(&writer, i);
	fputs("\n]}\n", out);
out:
	free(writer.first_frames);
	stack_done(&writer.stack);
	return err;
}
