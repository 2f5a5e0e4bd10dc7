// SPDX-License-Identifier: Apache-2.0
/*
 * First the samples of both are added up by a key of numbers (identity.h), NEW's before BASE's, so
 * that the first sample of a key shows how NEW has it. Then a profile is made of these.
 */
#include "profile/diff.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "profile/diff_notes.h"
#include "profile/identity.h"
#include "profile/label.h"
#include "profile/site.h"

/* The first sample of an entry. */
struct origin {
	enum diff_side side;
	uint32_t sample;
};

struct side {
	const struct profile *profile;
	struct stack stack;
	/* indices in the profile that is made; PROFILE_NONE when not there yet */
	uint32_t *mappings, *locations;
};

struct builder {
	struct diff *diff;
	struct identities identities;
	struct side sides[NR_DIFF_SIDES];
	bool by_comm; /* one of the profiles is of several processes */
	struct table keys;
	struct origin *origins; /* by entry */
	uint32_t nr_entries;
	/* by identity, in the profile that is made: the function; the mapping, when there is none
	 */
	uint32_t *functions, *modules;
	/* scratch */
	uint32_t *key;
	size_t max_words;
};

/* --- adding up ---------------------------------------------------------------------------------
 */

/* Labels that say what was allocated; not whose it was, nor how it was seen. */
static bool label_counts(const struct profile_label *label)
{
	static const char *const others[] = {"comm", "cgroup", "container", "incomplete"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (!strcmp(label->key, others[i]))
			return false;
	return label->string != NULL;
}

static const char *comm_of(const struct builder *builder, const struct side *side,
			   const struct profile_sample *sample)
{
	const char *comm = label_string(sample, "comm");

	if (!builder->by_comm)
		return NULL;
	return comm ?: profile_note(side->profile, "comm") ?: "[none]";
}

static int push_text(struct builder *builder, size_t *nr, char kind, const char *text)
{
	builder->key[*nr] = identity_text(&builder->identities, kind, text, strlen(text));
	return builder->key[(*nr)++] ? 0 : -ENOMEM;
}

/* Labels come in pairs, and before a 0, so that none is taken for a frame. */
static int make_key(struct builder *builder, enum diff_side which,
		    const struct profile_sample *sample, size_t *ret_words)
{
	const struct side *side = &builder->sides[which];
	size_t needed = (size_t)side->stack.nr_frames + 2 * (size_t)sample->nr_labels + 2, nr = 0;
	const char *comm = comm_of(builder, side, sample);
	int err = 0;

	if (needed > builder->max_words) {
		void *key = reallocarray(builder->key, 2 * needed, sizeof(*builder->key));

		if (!key)
			return -ENOMEM;
		builder->key = key;
		builder->max_words = 2 * needed;
	}
	if (comm)
		err = push_text(builder, &nr, 'c', comm);
	for (uint32_t i = 0; i < sample->nr_labels && !err; i++) {
		if (!label_counts(&sample->labels[i]))
			continue;
		err = push_text(builder, &nr, 'k', sample->labels[i].key);
		err = err ?: push_text(builder, &nr, 'v', sample->labels[i].string);
	}
	builder->key[nr++] = 0;
	for (uint32_t i = 0; i < side->stack.nr_frames; i++)
		builder->key[nr++] =
			identity_of(&builder->identities, which, &side->stack.frames[i]);
	*ret_words = nr;
	return err;
}

static struct diff_entry entry_of_sample(const struct builder *builder, enum diff_side which,
					 const struct profile_sample *sample)
{
	struct diff_entry entry = diff_entry_zero;
	struct diff_part *part = &entry.parts[which];

	memcpy(part->values, sample->values, sizeof(part->values));
	if (builder->sides[which].profile->period == 1)
		return entry;
	part->inuse_error_known = label_variance(sample, LABEL_INUSE_ERROR, &part->inuse_variance);
	part->alloc_error_known = label_variance(sample, LABEL_ALLOC_ERROR, &part->alloc_variance);
	return entry;
}

static int add_sample(struct builder *builder, enum diff_side which, uint32_t index)
{
	struct side *side = &builder->sides[which];
	const struct profile_sample *sample = &side->profile->samples[index];
	struct diff_entry *entries = builder->diff->entries;
	struct diff_entry one = entry_of_sample(builder, which, sample);
	const struct stack *stack = &side->stack;
	uint32_t found;
	size_t nr_words;
	int err;

	err = stack_load(&side->stack, sample);
	err = err ?: make_key(builder, which, sample, &nr_words);
	if (err)
		return err;
	if (!table_enter(&builder->keys, builder->key, nr_words * sizeof(*builder->key),
			 builder->nr_entries, &found))
		return -ENOMEM;
	if (found == builder->nr_entries) {
		builder->origins[builder->nr_entries++] = (struct origin){which, index};
		entries[found] = diff_entry_zero;
		entries[found].site = builder->identities.nr;
		if (stack->nr_frames)
			entries[found].site = identity_of(&builder->identities, which,
							  &stack->frames[site_frame(stack)]);
	}
	diff_entry_add(&entries[found], &one);
	return 0;
}

/* Sums saturate, and so do their rates. */
static int64_t rate_of(int64_t value, double seconds)
{
	double rate = (double)value / seconds;

	if (rate >= 0x1p63)
		return INT64_MAX;
	return rate <= -0x1p63 ? INT64_MIN : llround(rate);
}

static void make_rates(struct builder *builder)
{
	const double *seconds = builder->diff->seconds;

	for (uint32_t i = 0; i < builder->nr_entries; i++)
		for (int side = 0; side < NR_DIFF_SIDES; side++) {
			struct diff_part *part = &builder->diff->entries[i].parts[side];

			for (int k = 0; k < NR_METRICS; k++)
				part->values[k] = rate_of(part->values[k], seconds[side]);
			part->inuse_variance /= seconds[side] * seconds[side];
			part->alloc_variance /= seconds[side] * seconds[side];
		}
}

/* --- the profile -------------------------------------------------------------------------------
 */

static int take_mapping(struct builder *builder, struct side *side, uint32_t mapping, uint32_t *ret)
{
	int err = 0;

	*ret = PROFILE_NONE;
	if (mapping >= side->profile->nr_mappings)
		return 0;
	if (side->mappings[mapping] == PROFILE_NONE)
		err = profile_add_mapping(builder->diff->profile, &side->profile->mappings[mapping],
					  &side->mappings[mapping]);
	*ret = side->mappings[mapping];
	return err;
}

/* A function is called as it was where it was seen first. */
static int take_function(struct builder *builder, const struct side *side, uint32_t identity,
			 uint32_t function, uint32_t *ret)
{
	uint32_t *known = &builder->functions[identity];
	int err = 0;

	if (*known == PROFILE_NONE)
		err = profile_add_function(builder->diff->profile,
					   &side->profile->functions[function], known);
	*ret = *known;
	return err;
}

static bool is_unnamed(const struct profile *profile, const struct profile_location *location)
{
	return !location->nr_lines || !*profile->functions[location->lines[0].function].name;
}

/* A frame without a symbol is shown by its module, which is the same one in both profiles; its
 * address, when that is of another mapping, means nothing then. */
static int take_module(struct builder *builder, struct side *side, uint32_t identity,
		       struct profile_location *location)
{
	uint32_t *known = &builder->modules[identity], own;
	int err = take_mapping(builder, side, location->mapping, &own);

	if (is_unnamed(side->profile, location)) {
		if (*known == PROFILE_NONE)
			*known = own;
		if (own != *known)
			location->address = 0;
		own = *known;
	}
	location->mapping = own;
	return err;
}

static int take_location(struct builder *builder, enum diff_side which, uint32_t index,
			 uint32_t *ret)
{
	struct side *side = &builder->sides[which];
	struct profile_location location = side->profile->locations[index];
	struct stack_frame frame = {.location = index};
	struct profile_line *lines;
	int err;

	if (side->locations[index] != PROFILE_NONE) {
		*ret = side->locations[index];
		return 0;
	}
	lines = calloc((size_t)location.nr_lines + 1, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	err = take_module(builder, side, identity_of(&builder->identities, which, &frame),
			  &location);
	for (uint32_t i = 0; i < location.nr_lines && !err; i++) {
		frame.inline_line = i;
		lines[i] = location.lines[i];
		err = take_function(builder, side, identity_of(&builder->identities, which, &frame),
				    location.lines[i].function, &lines[i].function);
	}
	location.lines = lines;
	err = err ?: profile_add_location(builder->diff->profile, &location, ret);
	if (!err)
		side->locations[index] = *ret;
	free(lines);
	return err;
}

static void add_error(struct profile_sample *sample, const char *key, double variance)
{
	double error = sqrt(variance);

	if (error >= 0.5 && error < 0x1p62)
		sample->labels[sample->nr_labels++] = (struct profile_label){
			.key = key, .number = llround(error), .unit = "bytes"};
}

static void add_errors(struct profile_sample *sample, const struct diff_entry *entry)
{
	double error;

	if (diff_error(entry, METRIC_INUSE_SPACE, &error))
		add_error(sample, LABEL_INUSE_ERROR, error * error);
	if (diff_error(entry, METRIC_ALLOC_SPACE, &error))
		add_error(sample, LABEL_ALLOC_ERROR, error * error);
}

static int put_sample(struct builder *builder, uint32_t index, struct profile_sample *sample)
{
	const struct origin *origin = &builder->origins[index];
	const struct side *side = &builder->sides[origin->side];
	const struct profile_sample *from = &side->profile->samples[origin->sample];
	const struct diff_entry *entry = &builder->diff->entries[index];
	const char *comm = comm_of(builder, side, from);
	int err = 0;

	for (int i = 0; i < NR_METRICS; i++)
		sample->values[i] = diff_delta(entry, i);
	for (uint32_t i = 0; i < from->nr_locations && !err; i++)
		err = take_location(builder, origin->side, from->locations[i],
				    &sample->locations[sample->nr_locations++]);
	if (comm)
		sample->labels[sample->nr_labels++] =
			(struct profile_label){.key = "comm", .string = comm};
	for (uint32_t i = 0; i < from->nr_labels; i++)
		if (label_counts(&from->labels[i]))
			sample->labels[sample->nr_labels++] = from->labels[i];
	add_errors(sample, entry);
	err = err ?: profile_add_sample(builder->diff->profile, sample);
	/* What is different by identity is different in the profile; if not, do not mix it up. */
	if (!err && builder->diff->profile->nr_samples != index + 1)
		err = -EBADMSG;
	return err;
}

static int make_sample(struct builder *builder, uint32_t index)
{
	const struct origin *origin = &builder->origins[index];
	const struct profile_sample *from =
		&builder->sides[origin->side].profile->samples[origin->sample];
	struct profile_sample sample = {
		.locations = calloc((size_t)from->nr_locations + 1, sizeof(*sample.locations)),
		.labels = calloc((size_t)from->nr_labels + 3, sizeof(*sample.labels)),
	};
	int err = -ENOMEM;

	if (sample.locations && sample.labels)
		err = put_sample(builder, index, &sample);
	free(sample.locations);
	free(sample.labels);
	return err;
}

static int make_profile(struct builder *builder)
{
	const struct profile *base = builder->sides[DIFF_BASE].profile;
	const struct profile *new = builder->sides[DIFF_NEW].profile;
	struct profile *profile = builder->diff->profile;
	uint32_t main_mapping;
	int err;

	profile->time_ns = new->time_ns;
	profile->duration_ns = new->duration_ns;
	profile->period = base->period > new->period ? base->period : new->period;
	err = diff_notes_set(profile, base, new, builder->by_comm, builder->diff->per_second);
	/* the main binary is the first */
	err = err ?: take_mapping(builder, &builder->sides[DIFF_NEW], 0, &main_mapping);
	for (uint32_t i = 0; i < builder->nr_entries && !err; i++)
		err = make_sample(builder, i);
	return err;
}

/* --- all of it ---------------------------------------------------------------------------------
 */

static bool has_comms(const struct profile *profile)
{
	for (uint32_t i = 0; i < profile->nr_samples; i++)
		if (label_string(&profile->samples[i], "comm"))
			return true;
	return false;
}

static int settle_metrics(struct diff *diff, const struct profile *base, const struct profile *new,
			  struct diag *diag)
{
	bool some = false;

	for (int i = 0; i < NR_METRICS; i++) {
		diff->profile->has_metric[i] = base->has_metric[i] && new->has_metric[i];
		some |= diff->profile->has_metric[i];
	}
	return some ? 0
		    : diag_fail(
			      diag, -ENODATA,
			      "the two profiles have no metric in common: one is of the heap, the "
			      "other one of garbage collections");
}

static int settle_seconds(struct diff *diff, const struct profile *base, const struct profile *new,
			  bool per_second, struct diag *diag)
{
	static const char *const names[] = {"BASE", "NEW"};
	const struct profile *profiles[] = {base, new};

	diff->per_second = per_second;
	for (int side = 0; side < NR_DIFF_SIDES; side++) {
		diff->seconds[side] = (double)diff_notes_watched_ns(profiles[side]) / 1e9;
		if (diff->seconds[side] <= 0 && per_second)
			return diag_fail(diag, -ENODATA,
					 "--per-second: %s does not say how long it watched",
					 names[side]);
	}
	return 0;
}

static uint32_t *new_indices(size_t nr)
{
	uint32_t *indices = malloc((nr + 1) * sizeof(*indices));

	if (indices)
		memset(indices, 0xff, (nr + 1) * sizeof(*indices));
	return indices;
}

static int builder_init(struct builder *builder, const struct profile *const profiles[])
{
	size_t nr_samples = 1;
	int err = 0;

	for (int i = 0; i < NR_DIFF_SIDES && !err; i++) {
		struct side *side = &builder->sides[i];

		side->profile = profiles[i];
		nr_samples += profiles[i]->nr_samples;
		builder->by_comm |= has_comms(profiles[i]);
		side->mappings = new_indices(profiles[i]->nr_mappings);
		side->locations = new_indices(profiles[i]->nr_locations);
		err = side->mappings && side->locations ? stack_init(&side->stack, profiles[i])
							: -ENOMEM;
	}
	err = err ?: identities_build(&builder->identities, profiles);
	if (err)
		return err;
	builder->functions = new_indices(builder->identities.nr);
	builder->modules = new_indices(builder->identities.nr);
	builder->origins = calloc(nr_samples, sizeof(*builder->origins));
	builder->diff->entries = calloc(nr_samples, sizeof(*builder->diff->entries));
	builder->diff->nr_sites = builder->identities.nr + 1;
	if (!builder->functions || !builder->modules || !builder->origins ||
	    !builder->diff->entries)
		return -ENOMEM;
	return 0;
}

static void builder_done(struct builder *builder)
{
	for (int i = 0; i < NR_DIFF_SIDES; i++) {
		struct side *side = &builder->sides[i];

		if (side->stack.profile)
			stack_done(&side->stack);
		free(side->mappings);
		free(side->locations);
	}
	identities_done(&builder->identities);
	table_done(&builder->keys);
	free(builder->functions);
	free(builder->modules);
	free(builder->origins);
	free(builder->key);
}

int diff_build(struct diff *ret, const struct profile *base, const struct profile *new,
	       bool per_second, struct diag *diag)
{
	const struct profile *const profiles[] = {[DIFF_BASE] = base, [DIFF_NEW] = new};
	struct builder builder = {.diff = ret};
	int err;

	*ret = (struct diff){.profile = profile_new()};
	if (!ret->profile)
		return -ENOMEM;
	err = settle_metrics(ret, base, new, diag);
	err = err ?: settle_seconds(ret, base, new, per_second, diag);
	if (err)
		return err;
	err = builder_init(&builder, profiles);
	for (int side = DIFF_NEW; side >= DIFF_BASE && !err; side--)
		for (uint32_t i = 0; i < profiles[side]->nr_samples && !err; i++)
			err = add_sample(&builder, side, i);
	if (!err && per_second)
		make_rates(&builder);
	err = err ?: make_profile(&builder);
	builder_done(&builder);
	return err;
}

void diff_done(struct diff *diff)
{
	profile_free(diff->profile);
	free(diff->entries);
	*diff = (struct diff){0};
}
