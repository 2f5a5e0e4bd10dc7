// SPDX-License-Identifier: Apache-2.0
/*
 * Values are kept by profile and site, zero where a profile has nothing of the site: a leak that
 * begins late has been nothing before.
 */
#include "profile/history.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "profile/identity.h"
#include "profile/label.h"
#include "profile/site.h"
#include "profile/stack.h"

static const struct {
	const char *name, *note, *more; /* more: a note that is added, where there is one */
} measures[NR_HISTORY_MEASURES] = {
	[HISTORY_RSS] = {"RSS (anonymous)", "rss_anon", "swap"},
	[HISTORY_CGROUP] = {"control group", "cgroup_memory", NULL},
	[HISTORY_V8] = {"V8 heap", "v8_heap", NULL},
	[HISTORY_FLOOR] = {"V8 heap floor", "v8_floor", NULL},
};

const char *history_measure_name(enum history_measure measure)
{
	return measures[measure].name;
}

static void free_site(struct history_site *site)
{
	for (uint32_t i = 0; i < site->nr_frames; i++)
		free(site->frames[i]);
	free(site->frames);
	free(site->values);
}

void history_done(struct history *history)
{
	for (uint32_t i = 0; i < history->nr_sites; i++)
		free_site(&history->sites[i]);
	free(history->sites);
	free(history->profiles);
	table_done(&history->keys);
	table_done(&history->processes);
	*history = (struct history){0};
}

/* @array of @nr elements with room for one more; NULL when out of memory: it is as it was. */
static void *room(void *array, uint32_t nr, uint32_t *max, size_t size)
{
	void *more;

	if (nr < *max)
		return array;
	more = reallocarray(array, *max ? 2 * *max : 16, size);
	if (more)
		*max = *max ? 2 * *max : 16;
	return more;
}

static int64_t pid_of(const struct profile *profile)
{
	const char *target = profile_note(profile, "target");

	return target && profile_note(profile, "comm") ? strtoll(target, NULL, 10) : 0;
}

const char *history_source(const struct profile *profile)
{
	return profile_note(profile, "source") ?: "";
}

/* A number is another process's after a while, and after the machine's next start at once. */
static int find_process(struct history *history, const struct profile *profile, uint32_t *ret)
{
	const char *boot = profile_note(profile, "boot"),
		   *start = profile_note(profile, "start_ticks");
	char *key;
	int length = asprintf(&key, "%" PRId64 " %s %s", pid_of(profile), start ? boot ?: "" : "",
			      start ?: "");
	bool known;

	if (length < 0)
		return -ENOMEM;
	known = table_enter(&history->processes, key, length, history->nr_profiles, ret);
	free(key);
	return known ? 0 : -ENOMEM;
}

static double measure_of(const struct profile *profile, enum history_measure measure)
{
	const char *more = measures[measure].more;
	int64_t bytes, added = 0;

	if (!profile_note_number(profile, measures[measure].note, &bytes))
		return NAN;
	if (more)
		profile_note_number(profile, more, &added);
	return (double)bytes + (double)added;
}

static uint64_t count_lost(const struct profile *profile)
{
	static const char prefix[] = "lost_";
	uint64_t lost = 0;
	int64_t value;

	for (uint32_t i = 0; i < profile->nr_notes; i++) {
		const char *key = profile->notes[i].key;

		if (!strncmp(key, prefix, sizeof(prefix) - 1) &&
		    strcmp(key, "lost_stack_incomplete") != 0 &&
		    strcmp(key, "lost_stack_truncated") != 0 &&
		    profile_note_number(profile, key, &value) && value > 0)
			lost += (uint64_t)value;
	}
	return lost;
}

static int add_profile(struct history *history, const struct profile *profile)
{
	struct history_profile *added, *all = room(history->profiles, history->nr_profiles,
						   &history->max_profiles, sizeof(*all));
	int64_t watched_ns = 0, began_ns = 0, min_age_ns = 0, limit;
	uint32_t process;

	if (!all)
		return -ENOMEM;
	history->profiles = all;
	if (find_process(history, profile, &process))
		return -ENOMEM;
	added = &all[history->nr_profiles];
	*added = (struct history_profile){
		.time = (double)profile->time_ns / 1e9, .pid = pid_of(profile), .process = process};
	if (profile_note_number(profile, "watched_ns", &watched_ns) && watched_ns > 0) {
		profile_note_number(profile, "min_age_ns", &min_age_ns);
		/* by the clock of its beginning, which may have been set since */
		if (!profile_note_number(profile, "began_ns", &began_ns) || began_ns <= 0)
			began_ns = profile->time_ns - watched_ns;
		added->began = (double)began_ns / 1e9;
		added->time = (double)(began_ns + watched_ns) / 1e9;
		added->seconds = MAX((double)(watched_ns - min_age_ns) / 1e9, 0);
		history->young |= !min_age_ns;
	}
	for (int i = 0; i < NR_HISTORY_MEASURES; i++)
		added->measures[i] = measure_of(profile, i);
	if (profile_note_number(profile, "cgroup_limit", &limit) && limit > 0)
		history->limit = (double)limit;
	history->nr_lost += count_lost(profile);
	history->nr_profiles++;
	return 0;
}

/* --- sites -------------------------------------------------------------------------------------
 */

/* Where a function is: its script, or its module's name up to ".so". */
static const char *place_of(const struct profile *profile, const struct stack_frame *frame,
			    size_t *ret_length)
{
	uint32_t mapping = profile->locations[frame->location].mapping;
	const char *place = "";

	if (frame->javascript)
		place = stack_basename(frame->file);
	else if (mapping != PROFILE_NONE)
		return identity_module_stem(profile->mappings[mapping].file, ret_length);
	*ret_length = strlen(place);
	return place;
}

/* What tells sites apart: function, place and kind, each with a NUL behind it. The caller frees it;
 * NULL when out of memory. */
static char *make_key(const struct stack *stack, const char *kind, size_t *ret_size)
{
	static const struct stack_frame none = {.name = "[no stack]"};
	const struct stack_frame *frame =
		stack->nr_frames ? &stack->frames[site_frame(stack)] : &none;
	size_t length = identity_name_length(frame->name), place_length = 0;
	const char *place = stack->nr_frames ? place_of(stack->profile, frame, &place_length) : "";
	char *key;

	*ret_size = length + place_length + strlen(kind) + 3;
	key = calloc(1, *ret_size);
	if (!key)
		return NULL;
	memcpy(key, frame->name, length);
	memcpy(key + length + 1, place, place_length);
	strcpy(key + length + place_length + 2, kind);
	return key;
}

/* @text: the table's copy of a key. */
static struct history_site *add_site(struct history *history, const char *text)
{
	const char *place = text + strlen(text) + 1, *kind = place + strlen(place) + 1;
	struct history_site *all =
		room(history->sites, history->nr_sites, &history->max_sites, sizeof(*all));

	if (!all)
		return NULL;
	history->sites = all;
	all[history->nr_sites] =
		(struct history_site){.function = text, .place = place, .kind = kind};
	return &all[history->nr_sites++];
}

/* The site of the loaded @stack, made when it is new; NULL when out of memory. */
static struct history_site *find_site(struct history *history, const struct stack *stack,
				      const char *kind)
{
	size_t size;
	char *key = make_key(stack, kind, &size);
	const char *text;
	uint32_t index;

	if (!key)
		return NULL;
	text = table_enter(&history->keys, key, size, history->nr_sites, &index);
	free(key);
	if (!text)
		return NULL;
	return index < history->nr_sites ? &history->sites[index] : add_site(history, text);
}

static int add_value(struct history_site *site, uint32_t profile, double bytes, double variance)
{
	while (site->nr_values <= profile) {
		struct history_value *all =
			room(site->values, site->nr_values, &site->max_values, sizeof(*all));

		if (!all)
			return -ENOMEM;
		site->values = all;
		site->values[site->nr_values++] = (struct history_value){0};
	}
	site->values[profile].bytes += bytes;
	site->values[profile].variance += variance;
	return 0;
}

/* "function  file.c:12" */
static char *frame_text(const struct stack_frame *frame)
{
	const char *file = stack_frame_file(frame);
	char *text;
	int length;

	if (*file && frame->line > 0)
		length = asprintf(&text, "%s  %s:%lld", frame->name, file, (long long)frame->line);
	else
		length = asprintf(&text, "%s%s%s", frame->name, *file ? "  " : "", file);
	return length < 0 ? NULL : text;
}

static int keep_stack(struct history_site *site, const struct stack *stack)
{
	char **frames = calloc(stack->nr_frames ?: 1, sizeof(*frames));
	uint32_t nr = 0;

	if (!frames)
		return -ENOMEM;
	while (nr < stack->nr_frames && (frames[nr] = frame_text(&stack->frames[nr])))
		nr++;
	for (uint32_t i = 0; i < site->nr_frames; i++)
		free(site->frames[i]);
	free(site->frames);
	site->frames = frames;
	site->nr_frames = nr;
	return nr < stack->nr_frames ? -ENOMEM : 0;
}

/* The samples by the bytes they hold, most first. */
struct order {
	uint32_t sample;
	int64_t bytes;
};

static int compare_bytes(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	return x->bytes != y->bytes ? (x->bytes < y->bytes) - (x->bytes > y->bytes)
				    : (x->sample > y->sample) - (x->sample < y->sample);
}

static int add_sample(struct history *history, struct stack *stack,
		      const struct profile_sample *sample)
{
	int64_t bytes = sample->values[METRIC_INUSE_SPACE];
	struct history_site *site;
	double variance = 0;
	int err = stack_load(stack, sample);

	if (err)
		return err;
	site = find_site(history, stack, label_string(sample, "kind") ?: "");
	if (!site)
		return -ENOMEM;
	label_variance(sample, LABEL_INUSE_ERROR, &variance);
	err = add_value(site, history->nr_profiles - 1, (double)bytes, variance);
	if (err || site->nr_stacks == history->nr_profiles)
		return err;
	site->nr_stacks = history->nr_profiles;
	return keep_stack(site, stack);
}

int history_add(struct history *history, const struct profile *profile)
{
	struct order *order;
	struct stack stack = {0};
	int err;

	if (!profile->has_metric[METRIC_INUSE_SPACE])
		return -ENODATA;
	order = calloc(profile->nr_samples ?: 1, sizeof(*order));
	err = order ? add_profile(history, profile) : -ENOMEM;
	if (!err)
		err = stack_init(&stack, profile);
	for (uint32_t i = 0; i < profile->nr_samples && !err; i++)
		order[i] = (struct order){i, profile->samples[i].values[METRIC_INUSE_SPACE]};
	if (!err)
		qsort(order, profile->nr_samples, sizeof(*order), compare_bytes);
	for (uint32_t i = 0; i < profile->nr_samples && !err; i++)
		if (order[i].bytes)
			err = add_sample(history, &stack, &profile->samples[order[i].sample]);
	stack_done(&stack);
	free(order);
	return err;
}
