// SPDX-License-Identifier: Apache-2.0
/*
 * The message is never whole in memory: protobuf messages that follow each other are one message,
 * so each sample, location and string is packed alone, as a Profile with only that in it, straight
 * into the compressor. The string table, which grows while the rest is written, comes last.
 *
 * Ids in the file are the index in the profile plus one, since pprof keeps 0 for "none".
 */
#include "profile/pprof_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "pprof.pb-c.h"
#include "profile/gzip.h"
#include "profile/table.h"

struct writer {
	ProtobufCBuffer buffer; /* first: protobuf-c hands its address to append() */
	struct gzip_writer gzip;
	const struct profile *profile;
	struct table strings;
	uint32_t nr_strings;
	bool no_memory;

	/* One message's parts, large enough for the largest of the profile. */
	uint64_t *location_ids;
	Perftools__Profiles__Label *labels;
	Perftools__Profiles__Label **label_refs;
	Perftools__Profiles__Line *lines;
	Perftools__Profiles__Line **line_refs;
};

static void append(ProtobufCBuffer *buffer, size_t size, const uint8_t *data)
{
	gzip_write(&((struct writer *)buffer)->gzip, data, size);
}

static void emit(struct writer *writer, const Perftools__Profiles__Profile *part)
{
	protobuf_c_message_pack_to_buffer(&part->base, &writer->buffer);
}

static int64_t string_id(struct writer *writer, const char *text)
{
	uint32_t id;

	if (!table_enter(&writer->strings, text, strlen(text) + 1, writer->nr_strings, &id)) {
		writer->no_memory = true;
		return 0;
	}
	if (id == writer->nr_strings)
		writer->nr_strings++;
	return id;
}

static void emit_sample_types(struct writer *writer)
{
	for (int i = 0; i < NR_METRICS; i++) {
		Perftools__Profiles__ValueType type = PERFTOOLS__PROFILES__VALUE_TYPE__INIT;
		Perftools__Profiles__Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;

		if (!writer->profile->has_metric[i])
			continue;
		type.type = string_id(writer, metric_name(i));
		type.unit = string_id(writer, metric_unit(i));
		part.sample_type = (Perftools__Profiles__ValueType *[]){&type};
		part.n_sample_type = 1;
		emit(writer, &part);
	}
}

/* A number label 0 without unit and a string label "" are the same bytes; pprof knows neither. */
static void fill_label(struct writer *writer, const struct profile_label *label,
		       Perftools__Profiles__Label *ret)
{
	perftools__profiles__label__init(ret);
	ret->key = string_id(writer, label->key);
	if (label->string) {
		ret->str = string_id(writer, label->string);
	} else {
		ret->num = label->number;
		ret->num_unit = string_id(writer, label->unit);
	}
}

static void emit_sample(struct writer *writer, const struct profile_sample *sample)
{
	Perftools__Profiles__Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;
	Perftools__Profiles__Sample message = PERFTOOLS__PROFILES__SAMPLE__INIT;
	int64_t values[NR_METRICS];

	for (uint32_t i = 0; i < sample->nr_locations; i++)
		writer->location_ids[i] = sample->locations[i] + 1ULL;
	message.location_id = writer->location_ids;
	message.n_location_id = sample->nr_locations;
	for (int i = 0; i < NR_METRICS; i++)
		if (writer->profile->has_metric[i])
			values[message.n_value++] = sample->values[i];
	message.value = values;
	for (uint32_t i = 0; i < sample->nr_labels; i++)
		fill_label(writer, &sample->labels[i], &writer->labels[i]);
	message.label = writer->label_refs;
	message.n_label = sample->nr_labels;
	part.sample = (Perftools__Profiles__Sample *[]){&message};
	part.n_sample = 1;
	emit(writer, &part);
}

/* What the locations of a mapping tell. pprof symbolizes a mapping without these marks itself; a
 * name in brackets only stands in for one that was not found. */
static void note_symbols(const struct profile *profile, const struct profile_location *location,
			 Perftools__Profiles__Mapping *ret)
{
	for (uint32_t i = 0; i < location->nr_lines; i++) {
		const struct profile_line *line = &location->lines[i];
		const struct profile_function *function = &profile->functions[line->function];

		ret->has_functions |= *function->name && *function->name != '[';
		ret->has_filenames |= *function->file != '\0';
		ret->has_line_numbers |= line->line > 0;
	}
	ret->has_inline_frames |= location->nr_lines > 1;
}

static void emit_mappings(struct writer *writer)
{
	const struct profile *profile = writer->profile;
	Perftools__Profiles__Mapping *messages;

	messages = calloc(profile->nr_mappings + 1ULL, sizeof(*messages));
	if (!messages) {
		writer->no_memory = true;
		return;
	}
	for (uint32_t i = 0; i < profile->nr_mappings; i++)
		perftools__profiles__mapping__init(&messages[i]);
	for (uint32_t i = 0; i < profile->nr_locations; i++)
		if (profile->locations[i].mapping != PROFILE_NONE)
			note_symbols(profile, &profile->locations[i],
				     &messages[profile->locations[i].mapping]);
	for (uint32_t i = 0; i < profile->nr_mappings; i++) {
		Perftools__Profiles__Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;
		const struct profile_mapping *mapping = &profile->mappings[i];
		Perftools__Profiles__Mapping *message = &messages[i];

		message->id = i + 1ULL;
		message->memory_start = mapping->start;
		message->memory_limit = mapping->limit;
		message->file_offset = mapping->offset;
		message->filename = string_id(writer, mapping->file);
		message->build_id = string_id(writer, mapping->build_id);
		part.mapping = &message;
		part.n_mapping = 1;
		emit(writer, &part);
	}
	free(messages);
}

static void emit_location(struct writer *writer, uint32_t index)
{
	const struct profile_location *location = &writer->profile->locations[index];
	Perftools__Profiles__Location message = PERFTOOLS__PROFILES__LOCATION__INIT;
	Perftools__Profiles__Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;

	message.id = index + 1ULL;
	message.mapping_id = location->mapping == PROFILE_NONE ? 0 : location->mapping + 1ULL;
	message.address = location->address;
	for (uint32_t i = 0; i < location->nr_lines; i++) {
		perftools__profiles__line__init(&writer->lines[i]);
		writer->lines[i].function_id = location->lines[i].function + 1ULL;
		writer->lines[i].line = location->lines[i].line;
	}
	message.line = writer->line_refs;
	message.n_line = location->nr_lines;
	part.location = (Perftools__Profiles__Location *[]){&message};
	part.n_location = 1;
	emit(writer, &part);
}

static void emit_function(struct writer *writer, uint32_t index)
{
	const struct profile_function *function = &writer->profile->functions[index];
	Perftools__Profiles__Function message = PERFTOOLS__PROFILES__FUNCTION__INIT;
	Perftools__Profiles__Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;

	message.id = index + 1ULL;
	message.name = string_id(writer, function->name);
	message.system_name = string_id(writer, function->system_name);
	message.filename = string_id(writer, function->file);
	message.start_line = function->start_line;
	part.function = (Perftools__Profiles__Function *[]){&message};
	part.n_function = 1;
	emit(writer, &part);
}

static void emit_note(struct writer *writer, const struct profile_note *note)
{
	Perftools__Profiles__Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;
	char *text = NULL;
	int64_t id;

	if (*note->key && asprintf(&text, PPROF_NOTE_PREFIX "%s=%s", note->key, note->value) < 0) {
		writer->no_memory = true;
		return;
	}
	id = string_id(writer, text ? text : note->value);
	part.comment = &id;
	part.n_comment = 1;
	emit(writer, &part);
	free(text);
}

static void emit_times(struct writer *writer)
{
	Perftools__Profiles__ValueType type = PERFTOOLS__PROFILES__VALUE_TYPE__INIT;
	Perftools__Profiles__Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;

	bool pauses = writer->profile->has_metric[METRIC_GC_PAUSES];

	type.type = string_id(writer, pauses ? metric_name(METRIC_GC_PAUSES) : "space");
	type.unit = string_id(writer, pauses ? metric_unit(METRIC_GC_PAUSES) : "bytes");
	part.period_type = &type;
	part.period = writer->profile->period;
	part.time_nanos = writer->profile->time_ns;
	part.duration_nanos = writer->profile->duration_ns;
	if (writer->profile->default_metric < NR_METRICS)
		part.default_sample_type =
			string_id(writer, metric_name(writer->profile->default_metric));
	emit(writer, &part);
}

static void emit_strings(struct writer *writer)
{
	const char *text = NULL;

	while ((text = table_next(&writer->strings, text))) {
		Perftools__Profiles__Profile part = PERFTOOLS__PROFILES__PROFILE__INIT;

		part.string_table = (char *[]){(char *)text};
		part.n_string_table = 1;
		emit(writer, &part);
	}
}

static void emit_profile(struct writer *writer)
{
	const struct profile *profile = writer->profile;

	string_id(writer, ""); /* must be number 0 */
	emit_sample_types(writer);
	for (uint32_t i = 0; i < profile->nr_samples; i++)
		emit_sample(writer, &profile->samples[i]);
	emit_mappings(writer);
	for (uint32_t i = 0; i < profile->nr_locations; i++)
		emit_location(writer, i);
	for (uint32_t i = 0; i < profile->nr_functions; i++)
		emit_function(writer, i);
	for (uint32_t i = 0; i < profile->nr_notes; i++)
		emit_note(writer, &profile->notes[i]);
	emit_times(writer);
	emit_strings(writer);
}

static void writer_done(struct writer *writer)
{
	table_done(&writer->strings);
	free(writer->location_ids);
	free(writer->labels);
	free(writer->label_refs);
	free(writer->lines);
	free(writer->line_refs);
}

static int writer_init(struct writer *writer, const struct profile *profile)
{
	size_t nr_locations = 1, nr_labels = 1, nr_lines = 1;

	for (uint32_t i = 0; i < profile->nr_samples; i++) {
		const struct profile_sample *sample = &profile->samples[i];

		nr_locations = MAX(nr_locations, sample->nr_locations);
		nr_labels = MAX(nr_labels, sample->nr_labels);
	}
	for (uint32_t i = 0; i < profile->nr_locations; i++)
		nr_lines = MAX(nr_lines, profile->locations[i].nr_lines);

	writer->buffer.append = append;
	writer->profile = profile;
	writer->location_ids = calloc(nr_locations, sizeof(*writer->location_ids));
	writer->labels = calloc(nr_labels, sizeof(*writer->labels));
	writer->label_refs = calloc(nr_labels, sizeof(*writer->label_refs));
	writer->lines = calloc(nr_lines, sizeof(*writer->lines));
	writer->line_refs = calloc(nr_lines, sizeof(*writer->line_refs));
	if (!writer->location_ids || !writer->labels || !writer->label_refs || !writer->lines ||
	    !writer->line_refs)
		return -ENOMEM;
	for (size_t i = 0; i < nr_labels; i++)
		writer->label_refs[i] = &writer->labels[i];
	for (size_t i = 0; i < nr_lines; i++)
		writer->line_refs[i] = &writer->lines[i];
	return 0;
}

int pprof_write(const struct profile *profile, FILE *out)
{
	struct writer *writer;
	int err = -EINVAL;

	for (int i = 0; i < NR_METRICS; i++)
		if (profile->has_metric[i])
			err = 0;
	if (err)
		return err;
	writer = calloc(1, sizeof(*writer));
	if (!writer)
		return -ENOMEM;
	err = writer_init(writer, profile);
	if (err)
		goto out;
	err = gzip_init(&writer->gzip, out);
	if (err)
		goto out;
	emit_profile(writer);
	gzip_finish(&writer->gzip);
	gzip_done(&writer->gzip);
	if (writer->no_memory)
		err = -ENOMEM;
out:
	writer_done(writer);
	free(writer);
	return err;
}
