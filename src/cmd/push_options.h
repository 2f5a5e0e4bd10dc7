/* SPDX-License-Identifier: Apache-2.0 */
/* --push-token-file, --push-label, --push-header, --push-ca-file, --push-timeout: how profiles are
 * sent. Of two commands, as a child of their tables. */
#ifndef HEAPTAP_CMD_PUSH_OPTIONS_H
#define HEAPTAP_CMD_PUSH_OPTIONS_H

#include <argp.h>
#include <stdbool.h>

#include "cmd/cmd.h"
#include "push/push.h"

/* Where the token is when no file is named. */
#define PUSH_TOKEN_VARIABLE "HEAPTAP_PUSH_TOKEN"

/* Its input is a struct push_input, which it initializes. */
extern const struct argp push_options_argp;

struct push_input {
	struct push_options options; /* the lists below are its */
	const char *labels[PUSH_LISTS_MAX], *headers[PUSH_LISTS_MAX];
	bool given; /* any of them was */
};

/*
 * Opens the destination @url. EXIT_DONE, or how to exit after a message. The token of the
 * environment is taken out of it, so that what is started later does not inherit it.
 */
enum cmd_exit push_input_open(struct push_input *input, const char *url, struct push **ret);

#endif
