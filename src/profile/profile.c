// SPDX-License-Identifier: Apache-2.0
/*
 * Adding to a profile. Everything is found again by its content through one hash table a kind; the
 * table's keys hold the strings, lines, labels and stacks the public arrays point to, so nothing is
 * stored twice and there is one entry a stack, not one a frame.
 *
 * Invariant: a table's value is the index of the public array's entry; entry i exists in both or in
 * neither. Interned strings are compared by pointer.
 */
#include "profile/profile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/table.h"
#include "util/utf8.h"

struct profile_index {
	struct table strings, mappings, functions, locations, samples, notes;
	void *key; /* scratch, in which keys are built; grows only */
	size_t key_size;
};

/* Keys are compared as bytes, so they have no padding; that of a line is zeroed. */
_Static_assert(sizeof(struct profile_mapping) == 40, "no padding");
_Static_assert(sizeof(struct profile_function) == 32, "no padding");
_Static_assert(sizeof(struct profile_label) == 32, "no padding");

struct location_key {
	uint64_t address;
	uint32_t mapping, nr_lines;
	struct profile_line lines[];
};

/* The locations, nr_locations of them, are behind the labels. */
struct sample_key {
	uint32_t nr_labels, nr_locations;
	struct profile_label labels[];
};

struct profile *profile_new(void)
{
	struct profile *profile;

	profile = calloc(1, sizeof(*profile));
	if (!profile)
		return NULL;
	profile->index = calloc(1, sizeof(*profile->index));
	if (!profile->index) {
		free(profile);
		return NULL;
	}
	for (int i = 0; i < NR_HEAP_METRICS; i++)
		profile->has_metric[i] = true;
	profile->default_metric = NR_METRICS;
	return profile;
}

void profile_free(struct profile *profile)
{
	if (!profile)
		return;
	table_done(&profile->index->notes);
	table_done(&profile->index->samples);
	table_done(&profile->index->locations);
	table_done(&profile->index->functions);
	table_done(&profile->index->mappings);
	table_done(&profile->index->strings);
	free(profile->index->key);
	free(profile->index);
	free(profile->notes);
	free(profile->samples);
	free(profile->locations);
	free(profile->functions);
	free(profile->mappings);
	free(profile);
}

/*
 * Room for one more behind @nr items: the array to use from now on, or NULL. The capacity is not
 * stored; it is the power of two that holds @nr items.
 */
static void *reserve(void *array, uint32_t nr, size_t item_size)
{
	if (nr == PROFILE_NONE)
		return NULL;
	if (nr & (nr - 1))
		return array;
	return reallocarray(array, nr ? 2 * (size_t)nr : 1, item_size);
}

/* Scratch of @size zeroed bytes, valid until the next call. */
static void *new_key(struct profile_index *index, size_t size)
{
	if (index->key_size < size) {
		void *key = realloc(index->key, size * 2);

		if (!key)
			return NULL;
		index->key = key;
		index->key_size = size * 2;
	}
	return memset(index->key, 0, size);
}

static const char *intern(struct profile *profile, const char *text)
{
	struct table *strings = &profile->index->strings;
	const char *interned;
	char *repaired;

	if (!text)
		text = "";
	if (!text[utf8_valid_size(text)])
		return table_enter(strings, text, strlen(text) + 1, 0, NULL);
	repaired = strdup(text);
	if (!repaired)
		return NULL;
	utf8_repair(repaired);
	interned = table_enter(strings, repaired, strlen(repaired) + 1, 0, NULL);
	free(repaired);
	return interned;
}

int profile_add_mapping(struct profile *profile, const struct profile_mapping *mapping,
			uint32_t *ret_index)
{
	uint32_t nr = profile->nr_mappings, index;
	struct profile_mapping key = *mapping, *array;

	key.file = intern(profile, mapping->file);
	key.build_id = intern(profile, mapping->build_id);
	if (!key.file || !key.build_id)
		return -ENOMEM;
	array = reserve(profile->mappings, nr, sizeof(*array));
	if (!array)
		return -ENOMEM;
	profile->mappings = array;
	if (!table_enter(&profile->index->mappings, &key, sizeof(key), nr, &index))
		return -ENOMEM;
	if (index == nr)
		array[profile->nr_mappings++] = key;
	*ret_index = index;
	return 0;
}

int profile_add_function(struct profile *profile, const struct profile_function *function,
			 uint32_t *ret_index)
{
	uint32_t nr = profile->nr_functions, index;
	struct profile_function key = *function, *array;

	key.name = intern(profile, function->name);
	key.system_name = intern(profile, function->system_name);
	key.file = intern(profile, function->file);
	if (!key.name || !key.system_name || !key.file)
		return -ENOMEM;
	array = reserve(profile->functions, nr, sizeof(*array));
	if (!array)
		return -ENOMEM;
	profile->functions = array;
	if (!table_enter(&profile->index->functions, &key, sizeof(key), nr, &index))
		return -ENOMEM;
	if (index == nr)
		array[profile->nr_functions++] = key;
	*ret_index = index;
	return 0;
}

int profile_add_location(struct profile *profile, const struct profile_location *location,
			 uint32_t *ret_index)
{
	const size_t lines_size = location->nr_lines * sizeof(*location->lines);
	uint32_t nr = profile->nr_locations, index;
	const struct location_key *stored;
	struct profile_location *array;
	struct location_key *key;

	if (location->mapping != PROFILE_NONE && location->mapping >= profile->nr_mappings)
		return -EINVAL;
	key = new_key(profile->index, sizeof(*key) + lines_size);
	if (!key)
		return -ENOMEM;
	key->address = location->address;
	key->mapping = location->mapping;
	key->nr_lines = location->nr_lines;
	for (uint32_t i = 0; i < location->nr_lines; i++) {
		if (location->lines[i].function >= profile->nr_functions)
			return -EINVAL;
		key->lines[i].function = location->lines[i].function;
		key->lines[i].line = location->lines[i].line;
	}
	array = reserve(profile->locations, nr, sizeof(*array));
	if (!array)
		return -ENOMEM;
	profile->locations = array;
	stored =
		table_enter(&profile->index->locations, key, sizeof(*key) + lines_size, nr, &index);
	if (!stored)
		return -ENOMEM;
	if (index == nr) {
		array[index] = *location;
		array[index].lines = (struct profile_line *)stored->lines;
		profile->nr_locations++;
	}
	*ret_index = index;
	return 0;
}

static int64_t add_saturated(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}

/* A label with its strings interned; what its kind does not use is cleared. */
static int intern_label(struct profile *profile, const struct profile_label *label,
			struct profile_label *ret)
{
	ret->key = intern(profile, label->key);
	ret->string = label->string ? intern(profile, label->string) : NULL;
	ret->number = label->string ? 0 : label->number;
	ret->unit = intern(profile, label->string ? "" : label->unit);
	return ret->key && ret->unit && (ret->string || !label->string) ? 0 : -ENOMEM;
}

static int new_sample_key(struct profile *profile, const struct profile_sample *sample,
			  struct sample_key **ret, size_t *ret_size)
{
	const size_t locations_size = sample->nr_locations * sizeof(*sample->locations);
	const size_t size = sizeof(struct sample_key) +
			    sample->nr_labels * sizeof(*sample->labels) + locations_size;
	struct sample_key *key;

	key = new_key(profile->index, size);
	if (!key)
		return -ENOMEM;
	for (uint32_t i = 0; i < sample->nr_locations; i++)
		if (sample->locations[i] >= profile->nr_locations)
			return -EINVAL;
	key->nr_labels = sample->nr_labels;
	key->nr_locations = sample->nr_locations;
	for (uint32_t i = 0; i < sample->nr_labels; i++)
		if (intern_label(profile, &sample->labels[i], &key->labels[i]))
			return -ENOMEM;
	if (locations_size)
		memcpy(&key->labels[key->nr_labels], sample->locations, locations_size);
	*ret = key;
	*ret_size = size;
	return 0;
}

int profile_add_sample(struct profile *profile, const struct profile_sample *sample)
{
	uint32_t nr = profile->nr_samples, index;
	const struct sample_key *stored;
	struct profile_sample *array;
	struct sample_key *key;
	size_t key_size;
	int err;

	err = new_sample_key(profile, sample, &key, &key_size);
	if (err)
		return err;
	array = reserve(profile->samples, nr, sizeof(*array));
	if (!array)
		return -ENOMEM;
	profile->samples = array;
	stored = table_enter(&profile->index->samples, key, key_size, nr, &index);
	if (!stored)
		return -ENOMEM;
	if (index == nr) {
		array[index] = *sample;
		array[index].labels = (struct profile_label *)stored->labels;
		array[index].locations = (uint32_t *)&stored->labels[stored->nr_labels];
		profile->nr_samples++;
		return 0;
	}
	for (int i = 0; i < NR_METRICS; i++)
		array[index].values[i] = add_saturated(array[index].values[i], sample->values[i]);
	return 0;
}

static int set_note(struct profile *profile, const char *key, const char *value)
{
	uint32_t nr = profile->nr_notes, index = nr;
	struct profile_note *array;

	key = intern(profile, key);
	value = intern(profile, value);
	array = reserve(profile->notes, nr, sizeof(*array));
	if (array)
		profile->notes = array;
	if (!key || !value || !array)
		return -ENOMEM;
	if (*key && !table_enter(&profile->index->notes, &key, sizeof(key), nr, &index))
		return -ENOMEM;
	array[index] = (struct profile_note){key, value};
	if (index == nr)
		profile->nr_notes++;
	return 0;
}

int profile_set_note(struct profile *profile, const char *key, const char *fmt, ...)
{
	va_list args;
	char *value;
	int err;

	if (strchr(key, '='))
		return -EINVAL;
	va_start(args, fmt);
	err = vasprintf(&value, fmt, args);
	va_end(args);
	if (err < 0)
		return -ENOMEM;
	err = set_note(profile, key, value);
	free(value);
	return err;
}

const char *profile_note(const struct profile *profile, const char *key)
{
	uint32_t note;

	key = table_find(&profile->index->strings, key, strlen(key) + 1, NULL);
	if (!key || !table_find(&profile->index->notes, &key, sizeof(key), &note))
		return NULL;
	return profile->notes[note].value;
}

bool profile_note_number(const struct profile *profile, const char *key, int64_t *ret)
{
	const char *text = profile_note(profile, key);
	int64_t value;
	char *end;

	if (!text || !*text)
		return false;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || *end)
		return false;
	*ret = value;
	return true;
}

int64_t profile_total(const struct profile *profile, enum metric metric)
{
	int64_t total = 0;

	for (uint32_t i = 0; i < profile->nr_samples; i++)
		total = add_saturated(total, profile->samples[i].values[metric]);
	return total;
}
