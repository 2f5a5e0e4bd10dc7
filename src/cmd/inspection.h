/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node process with its inspector open and a session in it. Getting there acts on the process, so
 * each thing that is done to it is said before, and undone at the end as far as that goes.
 */
#ifndef HEAPTAP_CMD_INSPECTION_H
#define HEAPTAP_CMD_INSPECTION_H

#include <stdbool.h>

#include "collect/target.h"
#include "inspector/port.h"

struct inspection {
	struct target target;
	struct port port;
	struct protocol *protocol;
	bool quiet;
	bool opened; /* the port, by us */
	bool lost;   /* set by the user of it: the connection, or the process */
};

/* 0 when SIGUSR1 reaches node's own handler, and node will act on it; else -errno, and @diag says
 * why not. The process is only looked at. */
int inspection_check_signal(const struct target *target, struct diag *diag);

/* 0, or -errno with @diag. inspection_close() is due in both cases. */
int inspection_open(pid_t pid, bool quiet, struct inspection *ret, struct diag *diag);

/* Ends the session, closes the port if it was opened here, and says what remains. */
void inspection_close(struct inspection *inspection);

#endif
