// SPDX-License-Identifier: Apache-2.0
/* From a profile to the user's file, by the table of formats. */
#include "cmd/output.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "util/outfile.h"

#define STREAM_BUFFER_SIZE (1 << 16)

int output_check(const char *path)
{
	struct outfile *outfile = NULL;
	struct diag diag = {0};
	struct stat st;
	int err;

	/* The reader of a named pipe would take a closed trial for the end. */
	if (!stat(path, &st) && S_ISFIFO(st.st_mode))
		return 0;
	err = outfile_open(path, &outfile, &diag);
	if (err)
		cmd_message("%s", diag.text);
	outfile_close(outfile);
	return err;
}

/* A '/' in @comm would be a directory. */
char *output_default_path(const struct output_options *output, const char *comm, pid_t pid)
{
	time_t now = time(NULL);
	char stamp[32], number[16] = "", *path;
	struct tm tm;

	strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	if (pid)
		snprintf(number, sizeof(number), "-%d", pid);
	if (asprintf(&path, "heaptap-%s%s-%s%s", comm, number, stamp,
		     output->format->suffix ?: ".txt") < 0)
		return NULL;
	for (char *c = path + strlen("heaptap-"); *c; c++)
		if (*c == '/' || (unsigned char)*c <= ' ')
			*c = '_';
	return path;
}

char *output_snapshot_path(const struct output_options *output, unsigned int number)
{
	const char *path = output->path, *suffix = output->format->suffix;
	size_t length = strlen(path), tail = suffix ? strlen(suffix) : 0;
	char *name;

	if (tail >= length || strcmp(path + length - tail, suffix ?: "") != 0)
		tail = 0;
	if (asprintf(&name, "%.*s.%04u%s", (int)(length - tail), path, number,
		     path + length - tail) < 0)
		return NULL;
	return name;
}

/* Formats that cannot show negative values leave those samples out; a difference has some. */
static void warn_negative(const struct output_options *output, const struct profile *profile)
{
	uint32_t nr_negative = 0;

	for (uint32_t i = 0; i < profile->nr_samples; i++)
		nr_negative += profile->samples[i].values[output->metric] < 0;
	if (output->format->positive_only && nr_negative)
		cmd_warning("%u of %u samples have a negative %s; what stays below zero is not in "
			    "the %s output",
			    nr_negative, profile->nr_samples, metric_name(output->metric),
			    output->format->name);
}

static void warn_unknown(const struct output_options *output, const struct profile *profile)
{
	if (output->by && !group_is_known(profile, output->by))
		cmd_warning("--by %s: no sample of the profile says its %s, and all are in one row",
			    group_by_name(output->by), group_by_name(output->by));
}

int output_put(const struct output_file *file, const char *form, const char *name,
	       int (*write)(void *context, FILE *out), void *context)
{
	struct outfile *outfile = NULL;
	struct diag diag = {0};
	int err;

	err = outfile_open(file->path, &outfile, &diag);
	if (err)
		goto out;
	if (file->durable)
		outfile_sync(outfile);
	if (file->mode)
		outfile_mode(outfile, file->mode);
	setvbuf(outfile_stream(outfile), NULL, _IOFBF, STREAM_BUFFER_SIZE);
	err = write(context, outfile_stream(outfile));
	if (err)
		diag_fail(&diag, err, "cannot make %s of %s: %s", form, name, strerror(-err));
	else
		err = outfile_commit(outfile, &diag);
out:
	if (err)
		cmd_message("%s", diag.text);
	outfile_close(outfile);
	return err;
}

struct rendering {
	const struct output_options *output;
	const struct profile *profile;
	struct export_options options;
};

static int render(void *context, FILE *out)
{
	const struct rendering *rendering = context;

	return rendering->output->format->write(rendering->profile, &rendering->options, out);
}

int output_write(const struct output_options *output, const char *name, bool quiet, bool verbose,
		 const struct profile *profile)
{
	struct rendering rendering = {output, profile, output_export_options(output, verbose)};
	const struct output_file file = {.path = output->path, .durable = output->durable};

	if (!quiet) {
		warn_negative(output, profile);
		warn_unknown(output, profile);
	}
	return output_put(&file, output->format->name, name, render, &rendering);
}
