// SPDX-License-Identifier: Apache-2.0
/* heaptap push: profiles that were recorded before, to a server. */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/push_options.h"

struct push_command {
	struct push_input input;
	const char *url;
	char **files; /* of argv */
	unsigned int nr_files;
	bool quiet;
};

static const struct argp_option push_table[] = {
	{"quiet", 'q', NULL, 0, "Do not say what was sent", 2},
	{0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct push_command *command = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &command->input;
		return 0;
	case 'q':
		command->quiet = true;
		return 0;
	case ARGP_KEY_ARG:
		if (command->url) {
			/* permuted by now: all that follow are files */
			command->files = state->argv + state->next - 1;
			command->nr_files = state->argc - state->next + 1;
			state->next = state->argc;
		}
		command->url = command->url ?: arg;
		return 0;
	case ARGP_KEY_END:
		if (!command->nr_files)
			argp_error(state, "what is to be sent where? URL FILE...");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child push_children[] = {
	{&push_options_argp, 0, "How:", 1},
	{0},
};

const struct argp push_argp = {
	.options = push_table,
	.parser = parse,
	.args_doc = "URL FILE...",
	.doc = "Send recorded profiles to a server that keeps them."
	       "\v"
	       "URL says the protocol and the server, and may have a path of its own before that of "
	       "the API:\n"
	       "  pyroscope+https://HOST:4040    Pyroscope, Grafana Cloud Profiles, Alloy\n"
	       "  parca+https://HOST:7070        Parca\n"
	       "  otlp+https://HOST:4318         an OpenTelemetry collector\n"
	       "\n"
	       "The files stay as they are. After a failure that would be the same for the next "
	       "file the rest is not tried.\n"
	       "\n"
	       "Examples:\n"
	       "  heaptap push pyroscope+http://localhost:4040 app.pb.gz\n"
	       "  heaptap push otlp+https://otel.example:4318 /var/lib/heaptap/node/*.pb.gz\n"
	       "\n" OPTION_EXIT_HELP,
	.children = push_children,
};

/* 0, or -errno after a message. */
static int send_file(const struct push_command *command, const struct push *push, const char *file)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY), err;
	struct diag diag = {0};

	if (fd < 0) {
		cmd_message("cannot open %s: %s", file, strerror(errno));
		return -EINVAL;
	}
	err = push_send(push, fd, -1, &diag);
	if (err)
		cmd_message("cannot push %s to %s: %s", file, command->url, diag.text);
	else if (!command->quiet)
		cmd_message("pushed %s to %s", file, command->url);
	close(fd);
	return err;
}

int cmd_push(int argc, char **argv)
{
	struct push_command command = {0};
	unsigned int nr_failed = 0, i = 0;
	struct push *push = NULL;
	int err;

	argp_parse(&push_argp, argc, argv, 0, NULL, &command);
	err = push_input_open(&command.input, command.url, &push);
	if (err)
		return err;
	while (i < command.nr_files) {
		err = send_file(&command, push, command.files[i++]);
		nr_failed += err != 0;
		if (err && err != -EINVAL && err != -EBADMSG)
			break;
	}
	push_close(push);
	if (i < command.nr_files)
		cmd_message("%u more files were not tried", command.nr_files - i);
	return nr_failed ? EXIT_FAILED : EXIT_DONE;
}
