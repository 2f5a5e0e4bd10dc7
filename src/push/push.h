/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sending recorded profiles to a server that keeps them: Pyroscope, Parca, or what takes OTLP
 * profiles. What is sent is a file as it was written; nothing here changes or removes one, so that
 * what could not be sent can be sent later.
 *
 * Certificates are verified. Redirects are not followed: a token goes to the host it was meant for
 * and nowhere else.
 */
#ifndef HEAPTAP_PUSH_PUSH_H
#define HEAPTAP_PUSH_PUSH_H

#include <stdint.h>

#include "util/diag.h"

#define PUSH_TIMEOUT_NS 60000000000ULL /* when the user does not say */
#define PUSH_LISTS_MAX	32	       /* labels, and headers */

/* All strings stay the caller's, and must live as long as the destination. */
struct push_options {
	const char *url;	   /* NAME+http[s]://[USER@]HOST[:PORT][/PATH], see protocol.h */
	const char *token;	   /* NULL: none */
	const char *token_file;	   /* read for each profile, since tokens are renewed; NULL: none */
	const char *ca_file;	   /* PEM; NULL: those the system trusts */
	const char *const *labels; /* "NAME=VALUE" */
	unsigned int nr_labels;
	const char *const *headers; /* "NAME: VALUE" */
	unsigned int nr_headers;
	uint64_t timeout_ns; /* for one profile, all attempts together */
};

struct push;

/* Checks all that can be checked without asking the server. 0, or -EINVAL (options), -errno (a file
 * they name) with @diag. Not to be called by two threads at once. push_close() takes NULL. */
int push_open(const struct push_options *options, struct push **ret, struct diag *diag);
void push_close(struct push *push);

/*
 * Sends the profile that @fd, which stays the caller's, holds from its beginning. Blocks until the
 * server has taken it, or the timeout. When @cancel_fd (-1: none) becomes readable it gives up
 * within a second.
 *
 * 0; -EINVAL when the file is no profile, -EBADMSG when the server does not take this one;
 * -ECANCELED; any other -errno: it would go no better with another profile. @diag says why.
 */
int push_send(const struct push *push, int fd, int cancel_fd, struct diag *diag);

#endif
