// SPDX-License-Identifier: Apache-2.0
/* From the user's files to a profile. */
#include "cmd/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "profile/combine.h"
#include "profile/pprof_read.h"

static const char *name_of(const char *file)
{
	return strcmp(file, "-") ? file : "standard input";
}

int input_read(const char *file, const char *type, struct profile **ret)
{
	struct diag diag = {0};
	int fd = STDIN_FILENO, err;

	if (strcmp(file, "-") != 0) {
		fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
		if (fd < 0) {
			err = -errno;
			cmd_fail(err, NULL, "cannot open %s", file);
			return err;
		}
	}
	err = pprof_read_type(fd, type, ret, &diag);
	if (err)
		cmd_fail(err, &diag, "%s", name_of(file));
	if (fd != STDIN_FILENO)
		close(fd);
	return err;
}

static int add_file(struct combination *combination, const char *file, const char *type)
{
	struct profile *profile = NULL;
	struct diag diag = {0};
	int err = input_read(file, type, &profile);

	if (err)
		return err;
	err = combination_add(combination, profile, &diag);
	if (err)
		cmd_fail(err, &diag, "%s", name_of(file));
	profile_free(profile);
	return err;
}

static void warn(const struct combine_result *result)
{
	if (result->types_differ)
		cmd_warning("the files do not hold the same metrics; the sum has those that all "
			    "of them hold");
	if (result->sources_differ)
		cmd_warning("the files are not of the same source: memory that two of them have "
			    "seen counts twice");
	if (result->same_target)
		cmd_warning("two of the files are of the same process: what was in use in both "
			    "counts twice");
}

int input_read_all(char *const *files, unsigned int nr, const char *type, bool quiet,
		   struct profile **ret)
{
	struct combination combination;
	struct combine_result result;
	int err;

	if (nr == 1)
		return input_read(files[0], type, ret);
	err = combination_init(&combination);
	if (err)
		cmd_fail(err, NULL, "cannot add up %u files", nr);
	for (unsigned int i = 0; i < nr && !err; i++)
		err = add_file(&combination, files[i], type);
	if (!err) {
		err = combination_finish(&combination, ret, &result);
		if (err)
			cmd_fail(err, NULL, "cannot add up %u files", nr);
		else if (!quiet)
			warn(&result);
	}
	combination_done(&combination);
	return err;
}

int input_settle_metric(const struct profile *profile, const char *what, bool given,
			enum metric *metric)
{
	static const enum metric order[NR_METRICS] = {METRIC_INUSE_SPACE,   METRIC_ALLOC_SPACE,
						      METRIC_INUSE_OBJECTS, METRIC_ALLOC_OBJECTS,
						      METRIC_GC_TIME,	    METRIC_GC_PAUSES};
	char names[128] = "";

	if (given && profile->has_metric[*metric])
		return 0;
	for (int i = NR_METRICS - 1; i >= 0; i--) {
		if (!profile->has_metric[order[i]])
			continue;
		if (!given)
			*metric = order[i];
		snprintf(names + strlen(names), sizeof(names) - strlen(names), " %s",
			 metric_name(order[i]));
	}
	if (!given)
		return 0;
	cmd_message("%s does not hold %s; it holds:%s", what, metric_name(*metric), names);
	return -ENOENT;
}
