/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the options of record or top to a session that watches: the target is found or the command
 * started. And how a command that was started here is left at the end.
 */
#ifndef HEAPTAP_CMD_ATTACHING_H
#define HEAPTAP_CMD_ATTACHING_H

#include <signal.h>
#include <sys/types.h>

#include "cmd/record.h"
#include "collect/cost.h"
#include "collect/session.h"

struct attaching {
	struct session *session;
	struct cost_calibration *calibration; /* NULL: not to be had */
	pid_t child; /* the command's process until it is waited for, or 0 */
	int child_status;
};

/*
 * options->session must be complete but for its caps and selection. 0; -EINTR when a signal came
 * while it waited for a process; or -errno with @diag. After a failure too, what is in @ret is to
 * be freed by attaching_done().
 */
int attaching_start(struct attaching *ret, struct record_options *options, const sigset_t *sleeping,
		    struct diag *diag);

/* Says why it could not start, and returns the exit status. */
int attaching_fail(int err, const struct diag *diag);

/* A command that was started here gets the signal that ends heaptap, unless the terminal has sent
 * it to both; when it has ended its status is taken. */
void attaching_leave(struct attaching *attaching, const struct record_options *options);

/* What is known of the child stays. */
void attaching_done(struct attaching *attaching);

#endif
