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
	struct export_options options = {.metric = METRIC_INUSE_SPACE};

	for (const struct export_format *format = export_formats; format->name; format++) {
		char *text = NULL;
		size_t size;
		FILE *stream = open_memstream(&text, &size);

		if (!stream || format->write(profile, &options, stream) || fclose(stream))
			abort();
		free(text);
	}
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

	if (pprof_parse(data, size, &profile, &diag)) {
		if (!*diag.text)
			abort();
		return 0;
	}
	write_formats(profile);
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
