// SPDX-License-Identifier: Apache-2.0
#include "cmd/record_prom.h"

#include <inttypes.h>
#include <time.h>

#include "cmd/output.h"

static void put_run(FILE *out, bool success)
{
	fprintf(out,
		"# HELP heaptap_last_run_timestamp_seconds When the last recording ended.\n"
		"# TYPE heaptap_last_run_timestamp_seconds gauge\n"
		"heaptap_last_run_timestamp_seconds %" PRId64 "\n"
		"# HELP heaptap_last_run_success Whether it worked; the others are missing when not.\n"
		"# TYPE heaptap_last_run_success gauge\n"
		"heaptap_last_run_success %d\n",
		(int64_t)time(NULL), success);
}

struct rendering {
	const struct profile *profile;
	struct export_options export;
};

static int render(void *context, FILE *out)
{
	const struct rendering *rendering = context;

	put_run(out, rendering->profile);
	if (!rendering->profile)
		return 0;
	return export_format_by_name("prom")->write(rendering->profile, &rendering->export, out);
}

int record_prom_write(const struct record_options *options, const struct profile *profile)
{
	struct rendering rendering = {profile, {.top = options->output.top}};
	const struct output_file file = {.path = options->prom, .mode = 0644};

	return output_put(&file, "metrics", "the recording", render, &rendering);
}
