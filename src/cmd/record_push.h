/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A recording's profiles to a server, with --push: each file when it is complete, while the
 * recording goes on. What cannot be sent stays where it is, and is said.
 */
#ifndef HEAPTAP_CMD_RECORD_PUSH_H
#define HEAPTAP_CMD_RECORD_PUSH_H

#include <argp.h>

#include "cmd/record.h"

struct record_push;

/* What --push does not go with (call at ARGP_KEY_END, when the output is settled). */
void record_push_settle(const struct record_options *options, const struct argp_state *state);

/* EXIT_DONE, with *ret NULL when there is no --push; or how to exit after a message. Before the
 * target is started: the token must not be in its environment. */
enum cmd_exit record_push_start(struct record_options *options, struct record_push **ret);

/* The file @path is complete. NULL for @push is allowed, here and below. */
void record_push_add(struct record_push *push, const char *path);

/* After the target was left alone: waits for what is not sent yet, at most as long as one profile
 * may take, or until a signal that ends a command. 0, or 1 when something was not sent, after a
 * message. Frees. */
int record_push_finish(struct record_push *push);

#endif
