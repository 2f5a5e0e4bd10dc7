// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer: any bytes as a pprof file. What is accepted must be writable in every format; reading
 * it back as pprof and writing it again must give the same bytes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/diff_view.h"
#include "export/export.h"
#include "profile/combine.h"
#include "profile/focus.h"
#include "profile/largest.h"
#include "profile/pprof_read.h"
#include "profile/pprof_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_bytes(const struct profile *profile, char **ret, size_t *ret_size)
{
	FILE *stream = open_memstream(ret, ret_size);

	if (!stream || pprof_write(profile, stream) || fclose(stream))
		abort();
}

static void write_formats(const struct profile *profile)
{
	struct export_options options = {.metric = METRIC_INUSE_SPACE,
					 .lines = profile->nr_samples & 1,
					 .inverted = profile->nr_samples & 2};

	for (const struct export_format *format = export_formats; format->name; format++) {
		char *text = NULL;
		size_t size;
		FILE *stream = open_memstream(&text, &size);

		if (!stream || format->write(profile, &options, stream) || fclose(stream))
			abort();
		free(text);
	}
}

static void write_largest(const struct profile *profile)
{
	const struct largest_limits limits = {.metric = METRIC_INUSE_SPACE,
					      .lines = true,
					      .min_share = 0.1,
					      .whole = profile_total(profile, METRIC_INUSE_SPACE),
					      .top = 3};
	struct largest_result result;
	struct profile *part;

	if (profile_largest(profile, &limits, &part, &result))
		abort();
	write_formats(part);
	profile_free(part);
}

/* Whatever the profile is, it has parts and can be added up. */
static void write_parts(const struct profile *profile)
{
	struct focus focus = {.cut = true};
	struct combination combination;
	struct combine_result result;
	struct profile *part, *sum;
	struct diag diag;
	regex_t regex;

	if (regcomp(&regex, "[a-m]", REG_EXTENDED | REG_NOSUB))
		abort();
	focus.only = &regex;
	if (profile_focus(profile, &focus, &part))
		abort();
	regfree(&regex);
	if (combination_init(&combination) || combination_add(&combination, profile, &diag) ||
	    combination_add(&combination, part, &diag) ||
	    combination_finish(&combination, &sum, &result))
		abort();
	combination_done(&combination);
	profile_free(part);
	write_largest(sum);
	profile_free(sum);
}

/* A profile has no difference to itself, in whatever form. */
static void write_differences(const struct profile *profile)
{
	const struct export_options options = {.metric = METRIC_INUSE_SPACE};
	struct diff diff;
	struct diff_view view = {
		.diff = &diff, .profiles = {profile, profile}, .names = {"base", "new"}};

	if (diff_build(&diff, profile, profile, false, NULL))
		abort();
	for (uint32_t i = 0; i < diff.profile->nr_samples; i++)
		if (diff.profile->samples[i].values[METRIC_INUSE_SPACE])
			abort();
	for (const struct diff_format *format = diff_formats; format->name; format++) {
		char *text = NULL;
		size_t size;
		FILE *stream = open_memstream(&text, &size);

		if (!stream || format->write(&view, &options, stream) || fclose(stream))
			abort();
		free(text);
	}
	diff_done(&diff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct profile *profile, *again;
	size_t first_size, second_size;
	char *first, *second;
	struct diag diag = {""};

	if (pprof_parse_type(data, size, size & 1 ? "space" : NULL, &profile, &diag)) {
		if (!*diag.text)
			abort();
		return 0;
	}
	write_formats(profile);
	write_parts(profile);
	write_differences(profile);
	write_bytes(profile, &first, &first_size);
	if (pprof_parse(first, first_size, &again, &diag))
		abort();
	write_bytes(again, &second, &second_size);
	if (first_size != second_size || memcmp(first, second, first_size) != 0)
		abort();
	free(first);
	free(second);
	profile_free(profile);
	profile_free(again);
	return 0;
}
