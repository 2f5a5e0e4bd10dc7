// SPDX-License-Identifier: Apache-2.0
/* Samples get the number of their site; sites are sorted, and those that are kept are marked. */
#include "profile/largest.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "profile/copier.h"
#include "profile/site.h"
#include "profile/table.h"

struct site {
	int64_t value;
	uint32_t number;
	bool kept;
};

struct sites {
	struct site *sites;
	uint32_t nr;
	uint32_t *of_sample;
};

static int64_t add_saturated(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

static int find_sites(struct sites *sites, const struct profile *profile,
		      const struct largest_limits *limits)
{
	struct table numbers = {0};
	struct stack stack;
	int err = stack_init(&stack, profile);

	for (uint32_t i = 0; i < profile->nr_samples && !err; i++) {
		const struct profile_sample *sample = &profile->samples[i];
		uint64_t key[SITE_KEY_WORDS] = {0};
		uint32_t number;

		err = stack_load(&stack, sample);
		if (err)
			break;
		if (stack.nr_frames)
			site_key(&stack, site_frame(&stack), limits->lines, key);
		if (!table_enter(&numbers, key, sizeof(key), sites->nr, &number)) {
			err = -ENOMEM;
			break;
		}
		if (number == sites->nr)
			sites->sites[sites->nr++] = (struct site){.number = number};
		sites->of_sample[i] = number;
		sites->sites[number].value =
			add_saturated(sites->sites[number].value, sample->values[limits->metric]);
	}
	table_done(&numbers);
	stack_done(&stack);
	return err;
}

/* Largest first; equal ones as they were seen first. */
static int compare(const void *left, const void *right)
{
	const struct site *a = left, *b = right;
	double x = fabs((double)a->value), y = fabs((double)b->value);

	if (x != y)
		return x < y ? 1 : -1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static int compare_numbers(const void *left, const void *right)
{
	const struct site *a = left, *b = right;

	return a->number < b->number ? -1 : a->number > b->number;
}

/* Sites without a value are neither kept nor counted, when any limit is asked for. */
static void choose(struct sites *sites, const struct largest_limits *limits,
		   struct largest_result *result)
{
	double least = limits->min_share * fabs((double)limits->whole);
	uint32_t nr_kept = 0;

	qsort(sites->sites, sites->nr, sizeof(*sites->sites), compare);
	for (uint32_t i = 0; i < sites->nr; i++) {
		struct site *site = &sites->sites[i];

		if (!site->value)
			continue;
		result->nr_sites++;
		if (fabs((double)site->value) < least) {
			result->nr_small++;
			result->small = add_saturated(result->small, site->value);
		} else if (limits->top && nr_kept >= limits->top) {
			result->nr_beyond++;
			result->beyond = add_saturated(result->beyond, site->value);
		} else {
			site->kept = true;
			nr_kept++;
		}
	}
	qsort(sites->sites, sites->nr, sizeof(*sites->sites), compare_numbers);
}

static int copy_kept(struct profile *into, const struct profile *from, const struct sites *sites)
{
	struct copier copier;
	int err = copier_init(&copier, into, from);

	for (uint32_t i = 0; i < from->nr_samples && !err; i++)
		if (sites->sites[sites->of_sample[i]].kept)
			err = copier_add(&copier, i, NULL);
	copier_done(&copier);
	return err;
}

int profile_largest(const struct profile *from, const struct largest_limits *limits,
		    struct profile **ret, struct largest_result *ret_result)
{
	struct profile *into = profile_new();
	struct largest_result result = {0};
	struct sites sites = {
		.sites = calloc((size_t)from->nr_samples + 1, sizeof(*sites.sites)),
		.of_sample = calloc((size_t)from->nr_samples + 1, sizeof(*sites.of_sample)),
	};
	int err = into && sites.sites && sites.of_sample ? 0 : -ENOMEM;

	err = err ?: find_sites(&sites, from, limits);
	if (!err)
		choose(&sites, limits, &result);
	err = err ?: profile_copy_about(into, from);
	err = err ?: copy_kept(into, from, &sites);
	free(sites.sites);
	free(sites.of_sample);
	if (err) {
		profile_free(into);
		return err;
	}
	*ret = into;
	*ret_result = result;
	return 0;
}
