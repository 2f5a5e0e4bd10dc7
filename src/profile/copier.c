// SPDX-License-Identifier: Apache-2.0
/* Indices of one profile are translated to the other's when a sample first needs them. */
#include "profile/copier.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

static uint32_t *new_indices(uint32_t nr)
{
	uint32_t *indices = malloc(((size_t)nr + 1) * sizeof(*indices));

	if (indices)
		memset(indices, 0xff, ((size_t)nr + 1) * sizeof(*indices));
	return indices;
}

static int init_scratch(struct copier *copier)
{
	const struct profile *from = copier->from;
	uint32_t nr_lines = 0, nr_locations = 0, nr_labels = 0;

	for (uint32_t i = 0; i < from->nr_locations; i++)
		nr_lines = MAX(nr_lines, from->locations[i].nr_lines);
	for (uint32_t i = 0; i < from->nr_samples; i++) {
		nr_locations = MAX(nr_locations, from->samples[i].nr_locations);
		nr_labels = MAX(nr_labels, from->samples[i].nr_labels);
	}
	copier->lines = calloc((size_t)nr_lines + 1, sizeof(*copier->lines));
	copier->sample_locations =
		calloc((size_t)nr_locations + 1, sizeof(*copier->sample_locations));
	copier->sample_labels = calloc((size_t)nr_labels + sizeof(((struct copy_change *)0)->with) /
								   sizeof(struct profile_label),
				       sizeof(*copier->sample_labels));
	return copier->lines && copier->sample_locations && copier->sample_labels ? 0 : -ENOMEM;
}

int copier_init(struct copier *copier, struct profile *into, const struct profile *from)
{
	int err;

	*copier = (struct copier){
		.into = into,
		.from = from,
		.mappings = new_indices(from->nr_mappings),
		.functions = new_indices(from->nr_functions),
		.locations = new_indices(from->nr_locations),
	};
	if (!copier->mappings || !copier->functions || !copier->locations)
		return -ENOMEM;
	err = init_scratch(copier);
	for (uint32_t i = 0; i < from->nr_mappings && !err; i++)
		err = profile_add_mapping(into, &from->mappings[i], &copier->mappings[i]);
	return err;
}

void copier_done(struct copier *copier)
{
	free(copier->mappings);
	free(copier->functions);
	free(copier->locations);
	free(copier->lines);
	free(copier->sample_locations);
	free(copier->sample_labels);
	*copier = (struct copier){0};
}

static int copy_function(struct copier *copier, uint32_t index, uint32_t *ret)
{
	uint32_t *known = &copier->functions[index];
	int err = 0;

	if (*known == PROFILE_NONE)
		err = profile_add_function(copier->into, &copier->from->functions[index], known);
	*ret = *known;
	return err;
}

/* Without the lines before @first_line, which are inlined into it. */
static int copy_location(struct copier *copier, uint32_t index, uint32_t first_line, uint32_t *ret)
{
	struct profile_location location = copier->from->locations[index];
	const struct profile_line *lines = location.lines;
	uint32_t *known = first_line ? ret : &copier->locations[index];
	int err = 0;

	if (!first_line && *known != PROFILE_NONE) {
		*ret = *known;
		return 0;
	}
	if (location.mapping != PROFILE_NONE)
		location.mapping = copier->mappings[location.mapping];
	location.lines = copier->lines;
	location.nr_lines -= first_line;
	for (uint32_t i = 0; i < location.nr_lines && !err; i++) {
		copier->lines[i].line = lines[first_line + i].line;
		err = copy_function(copier, lines[first_line + i].function,
				    &copier->lines[i].function);
	}
	err = err ?: profile_add_location(copier->into, &location, known);
	*ret = *known;
	return err;
}

static bool is_listed(const char *key, const char *const *keys)
{
	for (; keys && *keys; keys++)
		if (!strcmp(key, *keys))
			return true;
	return false;
}

int copier_add(struct copier *copier, uint32_t index, const struct copy_change *change)
{
	static const struct copy_change none;
	const struct profile_sample *sample = &copier->from->samples[index];
	struct profile_sample copy = *sample;
	int err = 0;

	change = change ?: &none;
	copy.labels = copier->sample_labels;
	copy.nr_labels = 0;
	for (uint32_t i = 0; i < sample->nr_labels; i++)
		if (!is_listed(sample->labels[i].key, change->without))
			copy.labels[copy.nr_labels++] = sample->labels[i];
	for (uint32_t i = 0; i < change->nr_with; i++)
		copy.labels[copy.nr_labels++] = change->with[i];
	copy.locations = copier->sample_locations;
	copy.nr_locations = 0;
	for (uint32_t i = change->first_location; i < sample->nr_locations && !err; i++)
		err = copy_location(copier, sample->locations[i],
				    i == change->first_location ? change->first_line : 0,
				    &copy.locations[copy.nr_locations++]);
	return err ?: profile_add_sample(copier->into, &copy);
}

int profile_copy_about(struct profile *into, const struct profile *from)
{
	int err = 0;

	memcpy(into->has_metric, from->has_metric, sizeof(into->has_metric));
	into->default_metric = from->default_metric;
	into->time_ns = from->time_ns;
	into->duration_ns = from->duration_ns;
	into->period = from->period;
	for (uint32_t i = 0; i < from->nr_notes && !err; i++)
		err = profile_set_note(into, from->notes[i].key, "%s", from->notes[i].value);
	return err;
}
