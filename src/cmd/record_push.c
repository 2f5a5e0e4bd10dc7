// SPDX-License-Identifier: Apache-2.0
#include "cmd/record_push.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/stop.h"
#include "push/queue.h"

struct record_push {
	const struct record_options *options;
	struct push *push;
	struct push_queue *queue;
	unsigned int nr_sent, nr_failed;
};

void record_push_settle(const struct record_options *options, const struct argp_state *state)
{
	const struct output_options *output = &options->output;

	if (!options->push && options->push_input.given)
		argp_error(state, "--push-...: are for --push URL");
	if (!options->push)
		return;
	if (strcmp(output->format->name, "pprof") != 0)
		argp_error(state,
			   "--push: sends the file that is written, which must be pprof, not %s",
			   output->format->name);
	if (output->path && !strcmp(output->path, "-"))
		argp_error(state, "--push: sends the file that is written: add -o FILE");
}

enum cmd_exit record_push_start(struct record_options *options, struct record_push **ret)
{
	enum cmd_exit status = EXIT_FAILED;
	struct record_push *push;
	int err = -ENOMEM;

	*ret = NULL;
	if (!options->push)
		return EXIT_DONE;
	push = calloc(1, sizeof(*push));
	if (push) {
		push->options = options;
		status = push_input_open(&options->push_input, options->push, &push->push);
		if (status)
			goto out;
		err = push_queue_new(push->push, &push->queue);
	}
	if (!err) {
		*ret = push;
		return EXIT_DONE;
	}
	status = cmd_fail(err, NULL, "cannot push to %s", options->push);
	if (push)
		push_close(push->push);
out:
	free(push);
	return status;
}

/* The first failure in full; the rest is counted, for a server that is away for a week. */
static void say_failed(struct record_push *push, const char *path, const char *why)
{
	if (!push->nr_failed++)
		cmd_warning("cannot push %s to %s: %s", path, push->options->push, why);
}

static void take_results(struct record_push *push)
{
	struct push_result result;

	while (push_queue_next(push->queue, &result)) {
		if (result.err)
			say_failed(push, result.path, result.diag.text);
		else
			push->nr_sent++;
		free(result.path);
	}
}

void record_push_add(struct record_push *push, const char *path)
{
	int err;

	if (!push)
		return;
	take_results(push);
	err = push_queue_add(push->queue, path);
	if (err)
		say_failed(push, path,
			   err == -ENOBUFS ? "too many others wait to be sent" : strerror(-err));
}

int record_push_finish(struct record_push *push)
{
	sigset_t sleeping;
	int status;

	if (!push)
		return 0;
	stop_prepare(&sleeping);
	sigemptyset(&sleeping); /* the recording has blocked them already */
	push_queue_finish(push->queue, push->options->push_input.options.timeout_ns, &sleeping);
	take_results(push);
	if (push->nr_failed)
		cmd_message(
			"%u of %u profiles were not sent; they stay where they are: `heaptap push %s "
			"FILE...` sends them later",
			push->nr_failed, push->nr_failed + push->nr_sent, push->options->push);
	else if (!push->options->quiet && push->nr_sent)
		cmd_message("pushed %u profile%s to %s", push->nr_sent,
			    push->nr_sent == 1 ? "" : "s", push->options->push);
	status = push->nr_failed > 0;
	push_queue_free(push->queue);
	push_close(push->push);
	free(push);
	return status;
}
