// SPDX-License-Identifier: Apache-2.0
/* Reading profiles the user names. */
#include "cmd/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "profile/pprof_read.h"

int input_read(const char *file, struct profile **ret)
{
	const char *name = strcmp(file, "-") ? file : "standard input";
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
	err = pprof_read(fd, ret, &diag);
	if (err)
		cmd_fail(err, &diag, "%s", name);
	if (fd != STDIN_FILENO)
		close(fd);
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
