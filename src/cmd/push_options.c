// SPDX-License-Identifier: Apache-2.0
#include "cmd/push_options.h"

#include <errno.h>
#include <stdlib.h>

#include "cmd/options.h"

#define MIN_TIMEOUT_NS 1000000000ULL

enum {
	OPTION_TOKEN_FILE = OPTION_FIRST_PUSH,
	OPTION_LABEL,
	OPTION_HEADER,
	OPTION_CA_FILE,
	OPTION_TIMEOUT,
};

static const struct argp_option push_table[] = {
	{"push-token-file", OPTION_TOKEN_FILE, "FILE", 0,
	 "The token for the server is the first line of FILE; without it that of the environment, " PUSH_TOKEN_VARIABLE,
	 0},
	{"push-label", OPTION_LABEL, "NAME=VALUE", 0,
	 "One more label for the server to know the profile by, or another value: service_name, "
	 "host, pid and comm are there already. May be repeated",
	 0},
	{"push-header", OPTION_HEADER, "NAME: VALUE", 0,
	 "One more header of the request, such as X-Scope-OrgID: team. May be repeated", 0},
	{"push-ca-file", OPTION_CA_FILE, "FILE", 0,
	 "Certificates (PEM) to trust in place of the system's", 0},
	{"push-timeout", OPTION_TIMEOUT, "TIME", 0,
	 "How long to try to send a profile (default 1m)", 0},
	{0},
};

static void add(const struct argp_state *state, const char *option, const char *list[],
		unsigned int *nr, const char *arg)
{
	if (*nr == PUSH_LISTS_MAX)
		argp_error(state, "%s: there are more than %d", option, PUSH_LISTS_MAX);
	list[(*nr)++] = arg;
}

static void init(struct push_input *input)
{
	*input = (struct push_input){.options.timeout_ns = PUSH_TIMEOUT_NS};
	input->options.labels = input->labels;
	input->options.headers = input->headers;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct push_input *input = state->input;
	struct push_options *options = &input->options;

	switch (key) {
	case ARGP_KEY_INIT:
		init(input);
		return 0;
	case OPTION_TOKEN_FILE:
		options->token_file = arg;
		break;
	case OPTION_LABEL:
		add(state, "--push-label", input->labels, &options->nr_labels, arg);
		break;
	case OPTION_HEADER:
		add(state, "--push-header", input->headers, &options->nr_headers, arg);
		break;
	case OPTION_CA_FILE:
		options->ca_file = arg;
		break;
	case OPTION_TIMEOUT:
		options->timeout_ns = option_time_ns(state, "--push-timeout", arg);
		if (options->timeout_ns < MIN_TIMEOUT_NS)
			argp_error(state, "--push-timeout: '%s' is less than a second", arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	input->given = true;
	return 0;
}

const struct argp push_options_argp = {.options = push_table, .parser = parse};

enum cmd_exit push_input_open(struct push_input *input, const char *url, struct push **ret)
{
	const char *token = getenv(PUSH_TOKEN_VARIABLE);
	struct diag diag = {0};
	int err;

	input->options.url = url;
	/* the text itself stays where the kernel put it */
	input->options.token = token && *token ? token : NULL;
	unsetenv(PUSH_TOKEN_VARIABLE);
	err = push_open(&input->options, ret, &diag);
	if (!err)
		return EXIT_DONE;
	cmd_fail(err, &diag, "cannot push to %s", url);
	return err == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}
