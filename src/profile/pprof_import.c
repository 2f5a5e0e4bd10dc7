// SPDX-License-Identifier: Apache-2.0
/*
 * Entries refer to each other by ids of the writer's choice, in any order of the file; so mappings,
 * functions, locations and samples are taken one kind after the other, each leaving a table from
 * its ids to indices in the model.
 */
#include "profile/pprof_import.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "profile/pprof_write.h"

/* Ids sorted, so that an id is found by bisection; most writers count from 1, then the slot is
 * known without. */
struct ids {
	size_t nr;
	struct id {
		uint64_t id;
		uint32_t index;
	} * ids;
};

struct import {
	const Perftools__Profiles__Profile *message;
	struct profile *profile;
	const char *wanted; /* sample type; NULL: those that are known */
	struct diag *diag;
	struct ids mappings, functions, locations;
	size_t value_of[NR_METRICS]; /* position in a sample's values, where has_metric */
	int err;		     /* first bad string number; see text() */
};

static int broken(struct import *import, const char *what, uint64_t number)
{
	return diag_fail(import->diag, -EINVAL, "broken pprof profile: %s (%llu)", what,
			 (unsigned long long)number);
}

/* String @number, "" with import->err set when there is none. */
static const char *text(struct import *import, int64_t number)
{
	if (number >= 0 && (uint64_t)number < import->message->n_string_table)
		return import->message->string_table[number];
	if (!import->err)
		import->err = broken(import, "no such string", number);
	return "";
}

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = ((const struct id *)a)->id, y = ((const struct id *)b)->id;

	return x < y ? -1 : x > y;
}

static int init_ids(struct ids *ids, size_t nr)
{
	ids->ids = calloc(nr + 1, sizeof(*ids->ids));
	return ids->ids ? 0 : -ENOMEM;
}

static void add_id(struct ids *ids, uint64_t id, uint32_t index)
{
	ids->ids[ids->nr++] = (struct id){id, index};
}

/* To be called after the last add_id() and before the first find_id(). @kind is for the message. */
static int sort_ids(struct import *import, struct ids *ids, const char *kind)
{
	char what[64];

	qsort(ids->ids, ids->nr, sizeof(*ids->ids), compare_ids);
	for (size_t i = 0; i < ids->nr; i++) {
		uint64_t id = ids->ids[i].id;

		if (id == 0 || (i && id == ids->ids[i - 1].id)) {
			snprintf(what, sizeof(what), "%s with a zero or repeated id", kind);
			return broken(import, what, id);
		}
	}
	return 0;
}

static int find_id(const struct ids *ids, uint64_t id, uint32_t *ret_index)
{
	const struct id key = {.id = id}, *found;

	if (id - 1 < ids->nr && ids->ids[id - 1].id == id)
		found = &ids->ids[id - 1];
	else
		found = bsearch(&key, ids->ids, ids->nr, sizeof(key), compare_ids);
	if (!found)
		return -ENOENT;
	*ret_index = found->index;
	return 0;
}

/* The sample types' names, for a message: printable ASCII only, since a terminal will show them. */
static void list_types(struct import *import, char *names, size_t size)
{
	size_t used = 0;

	*names = '\0';
	for (size_t i = 0; i < import->message->n_sample_type && used < size; i++) {
		const Perftools__Profiles__ValueType *type = import->message->sample_type[i];

		used += snprintf(names + used, size - used, "%s%s/%s", i ? ", " : "",
				 text(import, type->type), text(import, type->unit));
	}
	for (char *at = names; *at; at++)
		if (*at < ' ' || *at > '~')
			*at = '?';
}

/* @nr_bytes of the types, not just one, are in bytes. */
static int no_metrics(struct import *import, unsigned int nr_bytes)
{
	char names[256];

	list_types(import, names, sizeof(names));
	if (import->err)
		return import->err;
	if (nr_bytes)
		return diag_fail(import->diag, -ENOMSG,
				 "which of its sample types is the memory? It has %s; say it with "
				 "-m NAME",
				 names);
	return diag_fail(import->diag, -ENOMSG,
			 "not a heap profile: it has %s, but none of alloc_objects/count, "
			 "alloc_space/bytes, inuse_objects/count, inuse_space/bytes, "
			 "gc_pauses/count, gc_pause/nanoseconds, nor another type in bytes",
			 names);
}

/* Type number @index stands for @metric from now on. */
static void adopt(struct import *import, size_t index, enum metric metric)
{
	import->profile->has_metric[metric] = true;
	import->value_of[metric] = index;
}

/*
 * Other tools' own names, such as space/bytes: type number @index, in bytes or a count, is shown as
 * what is in use, and said to be. Beside "space" goes "objects".
 */
static int adopt_foreign(struct import *import, size_t index)
{
	const Perftools__Profiles__Profile *message = import->message;
	const Perftools__Profiles__ValueType *type = message->sample_type[index];
	const char *name = text(import, type->type), *unit = text(import, type->unit);

	adopt(import, index, strcmp(unit, "bytes") ? METRIC_INUSE_OBJECTS : METRIC_INUSE_SPACE);
	for (size_t i = 0; !strcmp(name, "space") && i < message->n_sample_type; i++)
		if (!strcmp(text(import, message->sample_type[i]->type), "objects") &&
		    !strcmp(text(import, message->sample_type[i]->unit), "count"))
			adopt(import, i, METRIC_INUSE_OBJECTS);
	if (import->err)
		return import->err;
	return profile_set_note(import->profile, "sample_type", "%s/%s", name, unit);
}

/* The type that the user has named. */
static int import_wanted_type(struct import *import)
{
	const Perftools__Profiles__Profile *message = import->message;
	char names[256];

	for (size_t i = 0; i < message->n_sample_type; i++) {
		const char *unit = text(import, message->sample_type[i]->unit);

		if (strcmp(text(import, message->sample_type[i]->type), import->wanted) != 0)
			continue;
		if (strcmp(unit, "bytes") != 0 && strcmp(unit, "count") != 0)
			return diag_fail(import->diag, -ENOMSG,
					 "its %s is neither bytes nor a count, which is all that a "
					 "heap profile is of",
					 import->wanted);
		return adopt_foreign(import, i);
	}
	list_types(import, names, sizeof(names));
	return import->err
		       ?: diag_fail(import->diag, -ENOMSG, "does not hold %s; it holds: %s",
				    import->wanted, names);
}

/* None of the names is known: the only type in bytes it is then. */
static int import_only_bytes(struct import *import)
{
	const Perftools__Profiles__Profile *message = import->message;
	unsigned int nr_bytes = 0;
	size_t index = 0;

	for (size_t i = 0; i < message->n_sample_type; i++) {
		if (strcmp(text(import, message->sample_type[i]->unit), "bytes") != 0)
			continue;
		nr_bytes++;
		index = i;
	}
	return nr_bytes == 1 ? adopt_foreign(import, index) : no_metrics(import, nr_bytes);
}

static int import_sample_types(struct import *import)
{
	const Perftools__Profiles__Profile *message = import->message;
	bool *has_metric = import->profile->has_metric;
	bool any = false;
	enum metric metric;

	memset(has_metric, 0, sizeof(import->profile->has_metric));
	if (import->wanted && metric_parse(import->wanted, &metric))
		return import_wanted_type(import);
	for (size_t i = 0; i < message->n_sample_type; i++) {
		const char *name = text(import, message->sample_type[i]->type);

		if (metric_parse(name, &metric) ||
		    strcmp(text(import, message->sample_type[i]->unit), metric_unit(metric)) != 0)
			continue;
		if (has_metric[metric])
			return broken(import, "a sample type is there twice, number", i);
		adopt(import, i, metric);
		any = true;
	}
	if (!metric_parse(text(import, message->default_sample_type), &metric) &&
	    has_metric[metric])
		import->profile->default_metric = metric;
	if (import->err)
		return import->err;
	return any ? 0 : import_only_bytes(import);
}

static int import_mappings(struct import *import)
{
	const Perftools__Profiles__Profile *message = import->message;
	int err;

	err = init_ids(&import->mappings, message->n_mapping);
	for (size_t i = 0; !err && i < message->n_mapping; i++) {
		const Perftools__Profiles__Mapping *from = message->mapping[i];
		const struct profile_mapping mapping = {
			.start = from->memory_start,
			.limit = from->memory_limit,
			.offset = from->file_offset,
			.file = text(import, from->filename),
			.build_id = text(import, from->build_id),
		};
		uint32_t index;

		if (import->err)
			return import->err;
		err = profile_add_mapping(import->profile, &mapping, &index);
		if (!err)
			add_id(&import->mappings, from->id, index);
	}
	return err ? err : sort_ids(import, &import->mappings, "a mapping");
}

static int import_functions(struct import *import)
{
	const Perftools__Profiles__Profile *message = import->message;
	int err;

	err = init_ids(&import->functions, message->n_function);
	for (size_t i = 0; !err && i < message->n_function; i++) {
		const Perftools__Profiles__Function *from = message->function[i];
		const struct profile_function function = {
			.name = text(import, from->name),
			.system_name = text(import, from->system_name),
			.file = text(import, from->filename),
			.start_line = from->start_line,
		};
		uint32_t index;

		if (import->err)
			return import->err;
		err = profile_add_function(import->profile, &function, &index);
		if (!err)
			add_id(&import->functions, from->id, index);
	}
	return err ? err : sort_ids(import, &import->functions, "a function");
}

/* @lines has room for all of @from. A line without function (id 0) says nothing and is left out. */
static int import_location(struct import *import, const Perftools__Profiles__Location *from,
			   struct profile_line *lines)
{
	struct profile_location location = {
		.mapping = PROFILE_NONE,
		.address = from->address,
		.lines = lines,
	};
	uint32_t index;
	int err;

	if (from->mapping_id && find_id(&import->mappings, from->mapping_id, &location.mapping))
		return broken(import, "no such mapping", from->mapping_id);
	for (size_t i = 0; i < from->n_line; i++) {
		struct profile_line *line = &lines[location.nr_lines];

		if (from->line[i]->function_id == 0)
			continue;
		if (find_id(&import->functions, from->line[i]->function_id, &line->function))
			return broken(import, "no such function", from->line[i]->function_id);
		line->line = from->line[i]->line;
		location.nr_lines++;
	}
	err = profile_add_location(import->profile, &location, &index);
	if (!err)
		add_id(&import->locations, from->id, index);
	return err;
}

static int import_locations(struct import *import)
{
	const Perftools__Profiles__Profile *message = import->message;
	struct profile_line *lines;
	size_t max_lines = 1;
	int err;

	for (size_t i = 0; i < message->n_location; i++)
		max_lines = MAX(max_lines, message->location[i]->n_line);
	lines = calloc(max_lines, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	err = init_ids(&import->locations, message->n_location);
	for (size_t i = 0; !err && i < message->n_location; i++)
		err = import_location(import, message->location[i], lines);
	free(lines);
	return err ? err : sort_ids(import, &import->locations, "a location");
}

/* A label is a string when it has one that is not empty; a number otherwise, as pprof itself takes
 * it. */
static struct profile_label import_label(struct import *import,
					 const Perftools__Profiles__Label *from)
{
	const char *string = text(import, from->str);

	return (struct profile_label){
		.key = text(import, from->key),
		.string = string && *string ? string : NULL,
		.number = from->num,
		.unit = text(import, from->num_unit),
	};
}

/* @sample's arrays have room for all of @from. */
static int import_sample(struct import *import, const Perftools__Profiles__Sample *from,
			 struct profile_sample *sample)
{
	if (from->n_value != import->message->n_sample_type)
		return broken(import, "a sample with a wrong number of values", from->n_value);
	for (int i = 0; i < NR_METRICS; i++)
		sample->values[i] =
			import->profile->has_metric[i] ? from->value[import->value_of[i]] : 0;
	sample->nr_locations = from->n_location_id;
	for (size_t i = 0; i < from->n_location_id; i++)
		if (find_id(&import->locations, from->location_id[i], &sample->locations[i]))
			return broken(import, "no such location", from->location_id[i]);
	sample->nr_labels = from->n_label;
	for (size_t i = 0; i < from->n_label; i++)
		sample->labels[i] = import_label(import, from->label[i]);
	if (import->err)
		return import->err;
	return profile_add_sample(import->profile, sample);
}

static int import_samples(struct import *import)
{
	const Perftools__Profiles__Profile *message = import->message;
	size_t max_locations = 1, max_labels = 1;
	struct profile_sample sample;
	int err = 0;

	for (size_t i = 0; i < message->n_sample; i++) {
		const Perftools__Profiles__Sample *from = message->sample[i];

		max_locations = MAX(max_locations, from->n_location_id);
		max_labels = MAX(max_labels, from->n_label);
	}
	sample.locations = calloc(max_locations, sizeof(*sample.locations));
	sample.labels = calloc(max_labels, sizeof(*sample.labels));
	if (!sample.locations || !sample.labels)
		err = -ENOMEM;
	for (size_t i = 0; !err && i < message->n_sample; i++)
		err = import_sample(import, message->sample[i], &sample);
	free(sample.labels);
	free(sample.locations);
	return err;
}

static int import_comments(struct import *import)
{
	const size_t prefix_size = strlen(PPROF_NOTE_PREFIX);
	int err = 0;

	for (size_t i = 0; !err && i < import->message->n_comment; i++) {
		const char *comment = text(import, import->message->comment[i]);
		const char *value = strchr(comment, '=');
		char *key;

		if (import->err)
			return import->err;
		if (strncmp(comment, PPROF_NOTE_PREFIX, prefix_size) != 0 || !value ||
		    value == comment + prefix_size) {
			err = profile_set_note(import->profile, "", "%s", comment);
			continue;
		}
		key = strndup(comment + prefix_size, value - comment - prefix_size);
		if (!key)
			return -ENOMEM;
		err = profile_set_note(import->profile, key, "%s", value + 1);
		free(key);
	}
	return err;
}

/* A period that is not in bytes, or in collections, means nothing for memory and stays 0. */
static int import_times(struct import *import)
{
	const Perftools__Profiles__Profile *message = import->message;
	const Perftools__Profiles__ValueType *type = message->period_type;

	import->profile->time_ns = message->time_nanos;
	import->profile->duration_ns = message->duration_nanos;
	if (type && (strcmp(text(import, type->unit), "bytes") == 0 ||
		     import->profile->has_metric[METRIC_GC_PAUSES]))
		import->profile->period = message->period;
	return import->err;
}

int pprof_import(const Perftools__Profiles__Profile *message, const char *type,
		 struct profile **ret, struct diag *diag)
{
	static int (*const steps[])(struct import *) = {
		import_sample_types, import_mappings, import_functions, import_locations,
		import_samples,	     import_comments, import_times,
	};
	struct import import = {.message = message, .wanted = type, .diag = diag};
	int err = 0;

	if (message->n_sample_type == 0 || message->n_string_table == 0 ||
	    *message->string_table[0])
		return diag_fail(diag, -EINVAL,
				 "not a pprof profile: it has no sample types or no string table");
	import.profile = profile_new();
	if (!import.profile)
		return -ENOMEM;
	for (size_t i = 0; !err && i < sizeof(steps) / sizeof(*steps); i++)
		err = steps[i](&import);
	free(import.mappings.ids);
	free(import.functions.ids);
	free(import.locations.ids);
	if (err) {
		profile_free(import.profile);
		return err;
	}
	*ret = import.profile;
	return 0;
}
