// SPDX-License-Identifier: Apache-2.0
#include "cmd/record_prom.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "cmd/cmd.h"
#include "util/outfile.h"

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

int record_prom_write(const struct record_options *options, const struct profile *profile)
{
	const struct export_options export = {.top = options->output.top};
	struct outfile *outfile = NULL;
	struct diag diag = {0};
	int err = outfile_open(options->prom, &outfile, &diag);

	if (!err) {
		outfile_mode(outfile, 0644);
		put_run(outfile_stream(outfile), profile);
		if (profile)
			err = export_format_by_name("prom")->write(profile, &export,
								   outfile_stream(outfile));
		if (err)
			diag_fail(&diag, err, "cannot make metrics of the recording: %s",
				  strerror(-err));
	}
	err = err ?: outfile_commit(outfile, &diag);
	if (err)
		cmd_message("%s", diag.text);
	outfile_close(outfile);
	return err;
}
