// SPDX-License-Identifier: Apache-2.0
/* Indices of one profile are translated to the other's before its samples are added. */
#include "profile/merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* By index in the one, the index in the other. */
struct translation {
	uint32_t *mappings, *functions, *locations;
};

static int translate_mappings(struct profile *into, const struct profile *from,
			      struct translation *ret)
{
	int err = 0;

	for (uint32_t i = 0; i < from->nr_mappings && !err; i++)
		err = profile_add_mapping(into, &from->mappings[i], &ret->mappings[i]);
	for (uint32_t i = 0; i < from->nr_functions && !err; i++)
		err = profile_add_function(into, &from->functions[i], &ret->functions[i]);
	return err;
}

static int translate_locations(struct profile *into, const struct profile *from,
			       struct translation *ret)
{
	int err = 0;

	for (uint32_t i = 0; i < from->nr_locations && !err; i++) {
		struct profile_location location = from->locations[i];
		struct profile_line *lines = calloc(location.nr_lines + 1, sizeof(*lines));

		if (!lines)
			return -ENOMEM;
		if (location.mapping != PROFILE_NONE)
			location.mapping = ret->mappings[location.mapping];
		for (uint32_t k = 0; k < location.nr_lines; k++) {
			lines[k] = location.lines[k];
			lines[k].function = ret->functions[lines[k].function];
		}
		location.lines = lines;
		err = profile_add_location(into, &location, &ret->locations[i]);
		free(lines);
	}
	return err;
}

static bool is_listed(const char *key, const char *const *keys)
{
	for (; keys && *keys; keys++)
		if (!strcmp(key, *keys))
			return true;
	return false;
}

static int add_sample(struct profile *into, const struct profile_sample *sample,
		      const struct translation *translation, const char *const *without)
{
	struct profile_sample copy = *sample;
	int err = -ENOMEM;

	copy.nr_labels = 0;
	copy.labels = calloc(sample->nr_labels + 1, sizeof(*copy.labels));
	copy.locations = calloc(sample->nr_locations + 1, sizeof(*copy.locations));
	if (copy.labels && copy.locations) {
		for (uint32_t i = 0; i < sample->nr_labels; i++)
			if (!is_listed(sample->labels[i].key, without))
				copy.labels[copy.nr_labels++] = sample->labels[i];
		for (uint32_t i = 0; i < sample->nr_locations; i++)
			copy.locations[i] = translation->locations[sample->locations[i]];
		err = profile_add_sample(into, &copy);
	}
	free(copy.labels);
	free(copy.locations);
	return err;
}

int profile_merge(struct profile *into, const struct profile *from, const char *const *without)
{
	struct translation translation = {
		calloc(from->nr_mappings + 1, sizeof(uint32_t)),
		calloc(from->nr_functions + 1, sizeof(uint32_t)),
		calloc(from->nr_locations + 1, sizeof(uint32_t)),
	};
	int err = 0;

	if (!translation.mappings || !translation.functions || !translation.locations)
		err = -ENOMEM;
	err = err ?: translate_mappings(into, from, &translation);
	err = err ?: translate_locations(into, from, &translation);
	for (uint32_t i = 0; i < from->nr_samples && !err; i++)
		err = add_sample(into, &from->samples[i], &translation, without);
	free(translation.mappings);
	free(translation.functions);
	free(translation.locations);
	return err;
}
