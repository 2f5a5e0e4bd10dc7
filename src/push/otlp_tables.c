// SPDX-License-Identifier: Apache-2.0
#include "push/otlp_tables.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "push/labels.h"

/* OpenTelemetry's name for what is in the note NT_GNU_BUILD_ID. */
#define BUILD_ID "process.executable.build_id.gnu"

/* An attribute as a key of its table; a text is its string. */
struct attribute {
	int32_t key, text, unit;
	int64_t number;
	uint32_t is_number, unused;
};

static int32_t enter(struct otlp_tables *tables, struct table *table, uint32_t *nr, const void *key,
		     size_t size)
{
	uint32_t index;

	if (!table_enter(table, key, size, *nr, &index)) {
		tables->no_memory = true;
		return 0;
	}
	*nr += index == *nr;
	return index;
}

int32_t otlp_string(struct otlp_tables *tables, const char *text)
{
	return enter(tables, &tables->strings, &tables->nr_strings, text, strlen(text) + 1);
}

static int32_t enter_attribute(struct otlp_tables *tables, const struct attribute *attribute)
{
	return enter(tables, &tables->attributes, &tables->nr_attributes, attribute,
		     sizeof(*attribute));
}

int32_t otlp_text(struct otlp_tables *tables, const char *key, const char *value)
{
	return enter_attribute(tables, &(struct attribute){.key = otlp_string(tables, key),
							   .text = otlp_string(tables, value)});
}

int32_t otlp_label(struct otlp_tables *tables, const struct profile_label *label)
{
	const char *key = push_label_otlp_name(label->key);

	if (label->string)
		return otlp_text(tables, key, label->string);
	return enter_attribute(tables, &(struct attribute){.key = otlp_string(tables, key),
							   .unit = otlp_string(tables, label->unit),
							   .number = label->number,
							   .is_number = true});
}

/* A stack without frames is entry 0. */
int32_t otlp_stack(struct otlp_tables *tables, const struct profile_sample *sample)
{
	if (!sample->nr_locations)
		return 0;
	return enter(tables, &tables->stacks, &tables->nr_stacks, sample->locations,
		     sample->nr_locations * sizeof(*sample->locations));
}

int otlp_tables_init(struct otlp_tables *tables, const struct profile *profile)
{
	*tables = (struct otlp_tables){.profile = profile, .dictionary = OTLP__DICTIONARY__INIT};
	otlp_string(tables, "");
	enter_attribute(tables, &(struct attribute){0});
	enter(tables, &tables->stacks, &tables->nr_stacks, "", 0);
	return tables->no_memory ? -ENOMEM : 0;
}

void otlp_tables_done(struct otlp_tables *tables)
{
	table_done(&tables->strings);
	table_done(&tables->attributes);
	table_done(&tables->stacks);
	arena_done(&tables->arena);
}

Otlp__AnyValue *otlp_new_text(struct otlp_tables *tables, const char *text)
{
	Otlp__AnyValue *value = arena_new(&tables->arena, sizeof(*value));

	if (!value)
		return NULL;
	otlp__any_value__init(value);
	value->value_case = OTLP__ANY_VALUE__VALUE_STRING_VALUE;
	value->string_value = (char *)text;
	return value;
}

Otlp__AnyValue *otlp_new_number(struct otlp_tables *tables, int64_t number)
{
	Otlp__AnyValue *value = arena_new(&tables->arena, sizeof(*value));

	if (!value)
		return NULL;
	otlp__any_value__init(value);
	value->value_case = OTLP__ANY_VALUE__VALUE_INT_VALUE;
	value->int_value = number;
	return value;
}

/* Room for @nr messages of @size behind each other, and *@ret_refs, the pointers to them. */
static void *new_messages(struct otlp_tables *tables, size_t nr, size_t size, void *ret_refs)
{
	char *messages = arena_new(&tables->arena, nr * size);
	void **refs = arena_new(&tables->arena, nr * sizeof(*refs));

	if (!messages || !refs) {
		tables->no_memory = true;
		return NULL;
	}
	for (size_t i = 0; i < nr; i++)
		refs[i] = messages + i * size;
	memcpy(ret_refs, &refs, sizeof(refs));
	return messages;
}

#define NEW_MESSAGES(tables, nr, type, ret_refs)                                                   \
	((type *)new_messages(tables, nr, sizeof(type), ret_refs))

static void fill_mappings(struct otlp_tables *tables)
{
	const struct profile *profile = tables->profile;
	size_t nr = profile->nr_mappings + 1;
	Otlp__Mapping *messages =
		NEW_MESSAGES(tables, nr, Otlp__Mapping, &tables->dictionary.mapping_table);
	int32_t *attributes = arena_new(&tables->arena, nr * sizeof(*attributes));

	if (!messages || !attributes)
		return;
	tables->dictionary.n_mapping_table = nr;
	otlp__mapping__init(messages);
	for (size_t i = 1; i < nr; i++) {
		const struct profile_mapping *mapping = &profile->mappings[i - 1];

		otlp__mapping__init(&messages[i]);
		messages[i].memory_start = mapping->start;
		messages[i].memory_limit = mapping->limit;
		messages[i].file_offset = mapping->offset;
		messages[i].filename_strindex = otlp_string(tables, mapping->file);
		if (!*mapping->build_id)
			continue;
		attributes[i] = otlp_text(tables, BUILD_ID, mapping->build_id);
		messages[i].attribute_indices = &attributes[i];
		messages[i].n_attribute_indices = 1;
	}
}

static void fill_lines(struct otlp_tables *tables, const struct profile_location *location,
		       Otlp__Location *message)
{
	Otlp__Line *lines = NEW_MESSAGES(tables, location->nr_lines, Otlp__Line, &message->lines);

	if (!lines)
		return;
	message->n_lines = location->nr_lines;
	for (uint32_t i = 0; i < location->nr_lines; i++) {
		otlp__line__init(&lines[i]);
		lines[i].function_index = location->lines[i].function + 1;
		lines[i].line = location->lines[i].line;
	}
}

static void fill_locations(struct otlp_tables *tables)
{
	const struct profile *profile = tables->profile;
	size_t nr = profile->nr_locations + 1;
	Otlp__Location *messages =
		NEW_MESSAGES(tables, nr, Otlp__Location, &tables->dictionary.location_table);

	if (!messages)
		return;
	tables->dictionary.n_location_table = nr;
	otlp__location__init(messages);
	for (size_t i = 1; i < nr; i++) {
		const struct profile_location *location = &profile->locations[i - 1];

		otlp__location__init(&messages[i]);
		if (location->mapping != PROFILE_NONE)
			messages[i].mapping_index = location->mapping + 1;
		messages[i].address = location->address;
		fill_lines(tables, location, &messages[i]);
	}
}

static void fill_functions(struct otlp_tables *tables)
{
	const struct profile *profile = tables->profile;
	size_t nr = profile->nr_functions + 1;
	Otlp__Function *messages =
		NEW_MESSAGES(tables, nr, Otlp__Function, &tables->dictionary.function_table);

	if (!messages)
		return;
	tables->dictionary.n_function_table = nr;
	otlp__function__init(messages);
	for (size_t i = 1; i < nr; i++) {
		const struct profile_function *function = &profile->functions[i - 1];

		otlp__function__init(&messages[i]);
		messages[i].name_strindex = otlp_string(tables, function->name);
		messages[i].system_name_strindex = otlp_string(tables, function->system_name);
		messages[i].filename_strindex = otlp_string(tables, function->file);
		messages[i].start_line = function->start_line;
	}
}

static void fill_stacks(struct otlp_tables *tables)
{
	size_t nr = tables->nr_stacks;
	Otlp__Stack *messages =
		NEW_MESSAGES(tables, nr, Otlp__Stack, &tables->dictionary.stack_table);

	if (!messages)
		return;
	tables->dictionary.n_stack_table = nr;
	for (size_t i = 0; i < nr; i++)
		otlp__stack__init(&messages[i]);
	for (uint32_t i = 0; i < tables->profile->nr_samples; i++) {
		const struct profile_sample *sample = &tables->profile->samples[i];
		Otlp__Stack *stack = &messages[otlp_stack(tables, sample)];

		if (stack->n_location_indices || !sample->nr_locations)
			continue;
		stack->location_indices = arena_new(
			&tables->arena, sample->nr_locations * sizeof(*stack->location_indices));
		if (!stack->location_indices) {
			tables->no_memory = true;
			break;
		}
		for (uint32_t k = 0; k < sample->nr_locations; k++)
			stack->location_indices[stack->n_location_indices++] =
				sample->locations[k] + 1;
	}
}

/* Strings last of all but themselves: they grow while the rest is written. */
static void fill_strings(struct otlp_tables *tables)
{
	const char *text = NULL;
	size_t i = 0;

	tables->dictionary.string_table =
		arena_new(&tables->arena, tables->nr_strings * sizeof(char *));
	if (!tables->dictionary.string_table) {
		tables->no_memory = true;
		return;
	}
	tables->dictionary.n_string_table = tables->nr_strings;
	while ((text = table_next(&tables->strings, text)))
		tables->dictionary.string_table[i++] = (char *)text;
}

static void fill_attributes(struct otlp_tables *tables)
{
	const struct attribute *attribute = NULL;
	Otlp__Attribute *messages = NEW_MESSAGES(tables, tables->nr_attributes, Otlp__Attribute,
						 &tables->dictionary.attribute_table);
	size_t i = 0;

	if (!messages)
		return;
	tables->dictionary.n_attribute_table = tables->nr_attributes;
	while ((attribute = table_next(&tables->attributes, attribute))) {
		Otlp__Attribute *message = &messages[i++];

		otlp__attribute__init(message);
		message->key_strindex = attribute->key;
		message->unit_strindex = attribute->unit;
		if (!attribute->key)
			continue;
		message->value =
			attribute->is_number
				? otlp_new_number(tables, attribute->number)
				: otlp_new_text(tables,
						tables->dictionary.string_table[attribute->text]);
		tables->no_memory |= !message->value;
	}
}

int otlp_tables_finish(struct otlp_tables *tables, Otlp__Dictionary **ret)
{
	Otlp__Link *link = NEW_MESSAGES(tables, 1, Otlp__Link, &tables->dictionary.link_table);

	if (link) {
		otlp__link__init(link);
		tables->dictionary.n_link_table = 1;
	}
	fill_mappings(tables);
	fill_locations(tables);
	fill_functions(tables);
	fill_stacks(tables);
	if (!tables->no_memory)
		fill_strings(tables);
	if (!tables->no_memory)
		fill_attributes(tables);
	*ret = &tables->dictionary;
	return tables->no_memory ? -ENOMEM : 0;
}
