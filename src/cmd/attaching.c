// SPDX-License-Identifier: Apache-2.0
/* The clock of the budget runs from the first probe on, so it is calibrated while heaptap attaches.
 */
#include "cmd/attaching.h"

#include <errno.h>
#include <sys/wait.h>

#include "cmd/cmd.h"
#include "cmd/stop.h"
#include "collect/limits.h"

int attaching_start(struct attaching *ret, struct record_options *options, const sigset_t *sleeping,
		    struct diag *diag)
{
	struct session_options *session = &options->session;
	int err;

	*ret = (struct attaching){0};
	if (!options->command)
		limits_raise_files();
	err = target_options_settle(&options->targets, sleeping, diag);
	if (err == -EINTR)
		return err;
	err = err ?: caps_detect(&session->caps, diag);
	session->selection = &options->targets.selection;
	err = err ?: session_new(session, diag, &ret->session);
	if (!err) /* while it attaches: the budget wants to know soon */
		ret->calibration = cost_calibration_new(&session->caps);
	if (!err && options->command)
		err = session_launch(ret->session, options->command, &ret->child, diag);
	else if (!err)
		err = session_attach(ret->session, diag);
	if (err)
		ret->child = 0;
	return err;
}

int attaching_fail(int err, const struct diag *diag)
{
	if (err == -EINTR)
		return EXIT_DONE;
	cmd_message("%s%s", diag->text,
		    cmd_exit_status(err) == EXIT_NOT_PERMITTED
			    ? "; `heaptap check` says what is missing"
			    : "");
	return cmd_exit_status(err);
}

void attaching_leave(struct attaching *attaching, const struct record_options *options)
{
	bool ended = session_target(attaching->session)->ended;

	if (!attaching->child)
		return;
	if (stop_signal() == SIGTERM || stop_signal() == SIGHUP)
		kill(attaching->child, stop_signal());
	if (!ended && !stop_signal()) {
		if (!options->quiet)
			cmd_message("%s goes on as pid %d", options->command[0], attaching->child);
		return;
	}
	if (ended && waitpid(attaching->child, &attaching->child_status, 0) == attaching->child)
		attaching->child = 0;
}

void attaching_done(struct attaching *attaching)
{
	cost_calibration_free(attaching->calibration);
	session_free(attaching->session);
	attaching->calibration = NULL;
	attaching->session = NULL;
}
