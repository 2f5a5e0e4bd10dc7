/* SPDX-License-Identifier: Apache-2.0 */
/*
 * -p -n -c -a --follow --wait: whom to watch, as a child of a command's options, {&target_argp, 0,
 * "What to watch:", 1}, with state->child_inputs[] a zeroed struct target_options.
 */
#ifndef HEAPTAP_CMD_TARGET_OPTIONS_H
#define HEAPTAP_CMD_TARGET_OPTIONS_H

#include <argp.h>
#include <signal.h>
#include <stdbool.h>

#include "collect/selection.h"
#include "util/diag.h"

extern const struct argp target_argp;

struct target_options {
	struct selection selection; /* its arrays are target_options_done()'s */
	bool wait;		    /* until there is one */
};

/* Was any process asked for? */
bool target_options_given(const struct target_options *options);

/*
 * What only the machine tells: control groups are looked up, and with --wait it returns when a
 * process matches or a signal has come, for which @sleeping is the mask. 0 or -errno with @diag:
 * -ESRCH when a control group is not there, -EINTR.
 */
int target_options_settle(struct target_options *options, const sigset_t *sleeping,
			  struct diag *diag);

/* The same for a command that watches one process: -ENOTSUP when more than one matches. */
int target_options_one(struct target_options *options, const sigset_t *sleeping, struct diag *diag,
		       pid_t *ret);
void target_options_done(struct target_options *options);

/* "pid 12 (redis-server)" is @one; of several the selection: "42 processes (--name redis*)". */
void target_options_describe(const struct target_options *options, const struct process *one,
			     unsigned int nr, char *text, size_t size);

#endif
