// SPDX-License-Identifier: Apache-2.0
/* Samples are added as they come; what the profiles say of themselves is kept, and read together at
 * the end. */
#include "profile/combine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "profile/copier.h"
#include "profile/stack.h"

/* How notes of one key become one. Those not named here stay when all say the same. */
enum rule {
	SAME,
	SUM,
	LARGEST,
	FIRST, /* of those that have it */
	DROP,  /* of one process, at one moment; or it has become a label */
};

static const struct {
	const char *key;
	enum rule rule;
} rules[] = {
	{"allocs", SUM},
	{"frees", SUM},
	{"samples", SUM},
	{"complete_samples", SUM},
	{"collections", SUM},
	{"pause_ns", SUM},
	{"watched_ns", SUM},
	{"mmaps", SUM},
	{"mmap_bytes", SUM},
	{"mmap_allocator_calls", SUM},
	{"mmap_allocator_bytes", SUM},
	{"js_frames", SUM},
	{"js_unnamed", SUM},
	{"js_unplaced", SUM},
	{"follow_missed", SUM},
	{"min_age_ns", LARGEST},
	{"follow_late_ms", LARGEST},
	{"incomplete", FIRST},
	{"shown", DROP},
	{"target", DROP},
	{"targets", DROP},
	{"comm", DROP},
	{"inner_pid", DROP},
	{"cgroup", DROP},
	{"container", DROP},
	{"attached", DROP},
	{"source", DROP},
	{"files", DROP},
	{"cost", DROP},
	{"cgroup_", DROP}, /* and all that begins so, as the next ones */
	{"v8_heap", DROP},
	{"rss_", DROP},
	{"lost_", SUM},
};

static enum rule rule_of(const char *key)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		size_t length = strlen(rules[i].key);

		if (!strncmp(key, rules[i].key, length) &&
		    (!key[length] || rules[i].key[length - 1] == '_'))
			return rules[i].rule;
	}
	return SAME;
}

int combination_init(struct combination *combination)
{
	*combination = (struct combination){.sum = profile_new()};
	return combination->sum ? 0 : -ENOMEM;
}

void combination_done(struct combination *combination)
{
	for (uint32_t i = 0; i < combination->nr; i++)
		profile_free(combination->about[i]);
	free(combination->about);
	profile_free(combination->sum);
	*combination = (struct combination){0};
}

/* A profile of several processes, whose samples say themselves whose they are. */
static bool is_of_several(const struct profile *profile)
{
	return profile_note(profile, "targets") ||
	       (profile_note(profile, "target") && !profile_note(profile, "comm"));
}

static bool has_label(const struct profile *profile, const char *key)
{
	for (uint32_t i = 0; i < profile->nr_samples; i++)
		for (uint32_t k = 0; k < profile->samples[i].nr_labels; k++)
			if (!strcmp(profile->samples[i].labels[k].key, key))
				return true;
	return false;
}

/* What @profile says once is said by each sample from now on. */
static void label_samples(struct copy_change *change, const struct profile *profile,
			  uint32_t number)
{
	static const char *const keys[] = {"comm", "cgroup", "container"};
	const char *target = profile_note(profile, "target");
	long long pid = target ? strtoll(target, NULL, 10) : 0;

	/* Errors of two files are not one's, even where the numbers are the same. */
	if (has_label(profile, "inuse_stderr") || has_label(profile, "alloc_stderr"))
		change->with[change->nr_with++] =
			(struct profile_label){.key = "file", .number = number, .unit = ""};
	if (is_of_several(profile))
		return;
	if (pid > 0 && !has_label(profile, "pid"))
		change->with[change->nr_with++] =
			(struct profile_label){.key = "pid", .number = pid, .unit = ""};
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const char *value = profile_note(profile, keys[i]);

		if (!value && i == 0 && profile->nr_mappings)
			value = stack_basename(profile->mappings[0].file);
		if (value && *value && !has_label(profile, keys[i]))
			change->with[change->nr_with++] =
				(struct profile_label){.key = keys[i], .string = value};
	}
}

static int keep_about(struct combination *combination, const struct profile *profile)
{
	struct profile *about;

	if (combination->nr == combination->nr_max) {
		uint32_t max = combination->nr_max ? 2 * combination->nr_max : 8;
		struct profile **more =
			reallocarray(combination->about, max, sizeof(*combination->about));

		if (!more)
			return -ENOMEM;
		combination->about = more;
		combination->nr_max = max;
	}
	about = profile_new();
	if (!about)
		return -ENOMEM;
	combination->about[combination->nr++] = about;
	return profile_copy_about(about, profile);
}

/* What both have; false when that is nothing. */
static bool restrict_metrics(struct profile *sum, const struct profile *profile)
{
	bool any = false;

	for (int i = 0; i < NR_METRICS; i++) {
		sum->has_metric[i] &= profile->has_metric[i];
		any |= sum->has_metric[i];
	}
	return any;
}

int combination_add(struct combination *combination, const struct profile *profile,
		    struct diag *diag)
{
	struct profile *sum = combination->sum;
	struct copy_change change = {0};
	struct copier copier;
	int err;

	if (!combination->nr) {
		memcpy(sum->has_metric, profile->has_metric, sizeof(sum->has_metric));
		sum->default_metric = profile->default_metric;
	} else if (!restrict_metrics(sum, profile)) {
		return diag_fail(diag, -EINVAL,
				 "it holds no metric that those before it hold too, so that "
				 "there is nothing to add up");
	}
	if (sum->default_metric != profile->default_metric)
		sum->default_metric = NR_METRICS;
	label_samples(&change, profile, combination->nr + 1);
	err = copier_init(&copier, sum, profile);
	for (uint32_t i = 0; i < profile->nr_samples && !err; i++)
		err = copier_add(&copier, i, &change);
	copier_done(&copier);
	return err ?: keep_about(combination, profile);
}

/* Numbers of one key over all profiles: added up, or the largest. A text that is none counts 0. */
static int set_number(const struct combination *combination, const char *key, enum rule rule)
{
	int64_t result = 0;

	for (uint32_t i = 0; i < combination->nr; i++) {
		const char *text = profile_note(combination->about[i], key);
		int64_t value = text ? strtoll(text, NULL, 10) : 0;

		if (rule == LARGEST)
			result = MAX(result, value);
		else if (__builtin_add_overflow(result, value, &result))
			result = INT64_MAX;
	}
	return profile_set_note(combination->sum, key, "%" PRId64, result);
}

static bool all_say(const struct combination *combination, const struct profile_note *note)
{
	for (uint32_t i = 0; i < combination->nr; i++) {
		const char *text = profile_note(combination->about[i], note->key);

		if (!text || strcmp(text, note->value) != 0)
			return false;
	}
	return true;
}

/* A comment of another tool that is not there yet. */
static int add_comment(struct profile *sum, const char *text)
{
	for (uint32_t i = 0; i < sum->nr_notes; i++)
		if (!*sum->notes[i].key && !strcmp(sum->notes[i].value, text))
			return 0;
	return profile_set_note(sum, "", "%s", text);
}

static int combine_note(struct combination *combination, const struct profile_note *note)
{
	struct profile *sum = combination->sum;
	enum rule rule = rule_of(note->key);

	if (!*note->key)
		return add_comment(sum, note->value);
	if (rule == DROP || profile_note(sum, note->key))
		return 0;
	if (rule == SUM || rule == LARGEST)
		return set_number(combination, note->key, rule);
	if (rule == SAME && !all_say(combination, note))
		return 0;
	return profile_set_note(sum, note->key, "%s", note->value);
}

/* The different values of @key, each once: "malloc, page"; @missing stands for that of a profile
 * without one. NULL when no profile has it, or no memory: then *ret_err is set. The caller's to
 * free. */
static char *list_values(const struct combination *combination, const char *key,
			 const char *missing, int *ret_err)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	uint32_t nr = 0;
	bool any = false;

	if (!out) {
		*ret_err = -ENOMEM;
		return NULL;
	}
	for (uint32_t i = 0; i < combination->nr; i++) {
		const char *value = profile_note(combination->about[i], key);
		bool known = !value && !missing;

		any |= value != NULL;
		value = value ?: missing;
		for (uint32_t k = 0; k < i && !known; k++) {
			const char *other = profile_note(combination->about[k], key) ?: missing;

			known = other && !strcmp(value, other);
		}
		if (!known)
			fprintf(out, "%s%s", nr++ ? ", " : "", value);
	}
	if (fclose(out))
		*ret_err = -ENOMEM;
	if (*ret_err || !any) {
		free(text);
		return NULL;
	}
	return text;
}

/* Of some of them, or all, only parts are there. */
static int set_shown(struct combination *combination)
{
	int err = 0;
	char *shown = list_values(combination, "shown", NULL, &err);

	if (shown)
		err = profile_set_note(combination->sum, "shown", "parts of the files: %s", shown);
	free(shown);
	return err;
}

static int set_whose(struct combination *combination)
{
	struct profile *sum = combination->sum;
	int err = 0;
	char *targets = list_values(combination, "target", NULL, &err);
	char *sources = list_values(combination, "source", "another tool", &err);

	err = err ?: profile_set_note(sum, "files", "%" PRIu32, combination->nr);
	if (targets)
		err = err
			      ?: profile_set_note(sum, "target", "%" PRIu32 " files: %s",
						  combination->nr, targets);
	if (sources)
		err = err ?: profile_set_note(sum, "source", "%s", sources);
	for (uint32_t i = 0; i < combination->nr && !err; i++) {
		const char *attached = profile_note(combination->about[i], "attached");
		const char *before = profile_note(sum, "attached");

		if (attached && (!before || strcmp(before, "late") != 0))
			err = profile_set_note(sum, "attached", "%s", attached);
	}
	free(targets);
	free(sources);
	return err ?: set_shown(combination);
}

static void sum_times(struct combination *combination)
{
	struct profile *sum = combination->sum;

	for (uint32_t i = 0; i < combination->nr; i++) {
		const struct profile *about = combination->about[i];

		sum->time_ns = MAX(sum->time_ns, about->time_ns);
		sum->period = MAX(sum->period, about->period);
		if (__builtin_add_overflow(sum->duration_ns, about->duration_ns, &sum->duration_ns))
			sum->duration_ns = INT64_MAX;
	}
}

/* The process that both are of. */
static bool same_target(const struct profile *a, const struct profile *b)
{
	const char *x = profile_note(a, "target"), *y = profile_note(b, "target");

	return x && y && !strcmp(x, y);
}

static struct combine_result compare(const struct combination *combination)
{
	struct combine_result result = {0};

	for (uint32_t i = 0; i < combination->nr; i++) {
		const struct profile *first = combination->about[0], *one = combination->about[i];
		const char *a = profile_note(first, "source"), *b = profile_note(one, "source");

		result.types_differ |=
			memcmp(first->has_metric, one->has_metric, sizeof(one->has_metric)) != 0;
		result.sources_differ |= strcmp(a ?: "", b ?: "") != 0;
		for (uint32_t k = 0; k < i; k++)
			result.same_target |= same_target(combination->about[k], one);
	}
	return result;
}

int combination_finish(struct combination *combination, struct profile **ret,
		       struct combine_result *ret_result)
{
	int err = combination->nr > 1 ? set_whose(combination) : 0;

	for (uint32_t i = 0; i < combination->nr && !err; i++) {
		const struct profile *about = combination->about[i];

		for (uint32_t k = 0; k < about->nr_notes && !err; k++)
			err = combine_note(combination, &about->notes[k]);
	}
	if (err)
		return err;
	sum_times(combination);
	*ret_result = compare(combination);
	*ret = combination->sum;
	combination->sum = NULL;
	return 0;
}
