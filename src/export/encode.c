// SPDX-License-Identifier: Apache-2.0
/*
 * A value that cannot be made, for lack of memory, is NULL; what it was to be a part of then is
 * NULL too, and the end sees it.
 */
#include "export/encode.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export/summary.h"
#include "profile/label.h"
#include "profile/site.h"
#include "util/utf8.h"

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

json_t *encode_string(const char *text)
{
	char *copy;
	const char *valid = repaired(text, &copy);
	json_t *string = valid ? json_string_nocheck(valid) : NULL;

	free(copy);
	return string;
}

json_t *encode_string_or_null(const char *text)
{
	return text && *text ? encode_string(text) : json_null();
}

json_t *encode_address(uint64_t address)
{
	return json_sprintf("0x%" PRIx64, address);
}

void encode_set(json_t **object, const char *key, json_t *value)
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

int encode_put(FILE *out, json_t *value, size_t flags)
{
	int err = 0;

	if (!value || (json_dumpf(value, out, JSON_COMPACT | flags) && !ferror(out)))
		err = -ENOMEM;
	json_decref(value);
	return err;
}

json_t *encode_values(const struct profile *profile, const int64_t values[NR_METRICS])
{
	json_t *object = json_object();

	for (int i = 0; i < NR_METRICS; i++)
		if (profile->has_metric[i])
			encode_set(&object, metric_name(i), json_integer(values[i]));
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
		failed = json_array_append_new(list, label->string ? encode_string(label->string)
								   : json_integer(label->number));
	free(copy);
	return failed ? -ENOMEM : 0;
}

json_t *encode_labels(const struct profile_sample *sample)
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

	encode_set(&object, "function", encode_string(frame->name));
	encode_set(&object, "file", encode_string_or_null(frame->file));
	encode_set(&object, "line", frame->line > 0 ? json_integer(frame->line) : json_null());
	encode_set(&object, "module", encode_string_or_null(module_of(profile, frame->location)));
	encode_set(&object, "address", encode_address(profile->locations[frame->location].address));
	encode_set(&object, "inlined", json_boolean(frame->inlined));
	return object;
}

int encode_frames_init(struct encode_frames *frames, const struct profile *profile, FILE *out)
{
	int err;

	*frames = (struct encode_frames){.profile = profile, .out = out};
	err = stack_init(&frames->stack, profile);
	if (err)
		return err;
	frames->first_frames = calloc((size_t)profile->nr_locations + 1, sizeof(uint32_t));
	return frames->first_frames ? 0 : -ENOMEM;
}

void encode_frames_done(struct encode_frames *frames)
{
	free(frames->first_frames);
	stack_done(&frames->stack);
}

int encode_put_frames(struct encode_frames *writer)
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
			err = encode_put(writer->out,
					 new_frame(writer->profile, &writer->stack.frames[j]), 0);
		}
	}
	fputs("\n]", writer->out);
	return err;
}

json_t *encode_site(const struct stack *stack)
{
	const struct stack_frame *frame;
	json_t *object;

	if (!stack->nr_frames)
		return json_null();
	frame = &stack->frames[site_frame(stack)];
	object = json_object();
	encode_set(&object, "function", encode_string(frame->name));
	encode_set(&object, "file", encode_string_or_null(frame->file));
	encode_set(&object, "line", frame->line > 0 ? json_integer(frame->line) : json_null());
	return object;
}

void encode_put_stack(const struct encode_frames *writer)
{
	fputs(",\"stack\":[", writer->out);
	for (uint32_t i = 0; i < writer->stack.nr_frames; i++) {
		const struct stack_frame *frame = &writer->stack.frames[i];

		fprintf(writer->out, i ? ",%" PRIu32 : "%" PRIu32,
			writer->first_frames[frame->location] + frame->inline_line);
	}
	fputs("]}", writer->out);
}

/* A loss whose value is no number stays among the notes. */
static bool is_loss(const struct profile *profile, const char *key, int64_t *ret_value)
{
	return summary_loss_name(key) && profile_note_number(profile, key, ret_value);
}

json_t *encode_losses(const struct profile *profile)
{
	json_t *object = json_object();
	int64_t value;

	for (uint32_t i = 0; i < profile->nr_notes; i++) {
		const char *key = profile->notes[i].key;

		if (is_loss(profile, key, &value))
			encode_set(&object, summary_loss_name(key), json_integer(value));
	}
	return object;
}

json_t *encode_notes(const struct profile *profile, json_t *comments)
{
	json_t *object = json_object();
	int64_t value;

	for (uint32_t i = 0; i < profile->nr_notes; i++) {
		const struct profile_note *note = &profile->notes[i];

		if (!*note->key)
			json_array_append_new(comments, encode_string(note->value));
		else if (!is_loss(profile, note->key, &value))
			encode_set(&object, note->key, encode_string(note->value));
	}
	return object;
}
