/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One POST, repeated until it is answered, by libcurl. It knows nothing of what is sent.
 *
 * The server is foreign and may be none: every wait has an end, answers have a limit, certificates
 * are verified and redirects are not followed. What may go better next time (nobody listens, no
 * answer, the statuses of the list) is tried again after 1, 2, 4, ... 30 s, each shortened or
 * lengthened by up to a quarter so that a fleet does not come back in step, or when the server says
 * (Retry-After).
 */
#ifndef HEAPTAP_PUSH_HTTP_H
#define HEAPTAP_PUSH_HTTP_H

#include <stddef.h>
#include <stdint.h>

#include "util/diag.h"

struct http_request {
	const char *url;
	const char *user;    /* for basic authentication; NULL: the token is a bearer's */
	const char *token;   /* NULL: none */
	const char *ca_file; /* NULL: those the system trusts */
	const char *content_type, *content_encoding; /* the latter may be NULL */
	const char *const *headers;
	unsigned int nr_headers;
	const void *body;
	size_t size;
	const long *retried; /* statuses, 0 at the end */
	uint64_t timeout_ns; /* all attempts together */
	int cancel_fd;	     /* readable: give up; -1: none */
};

struct http_answer {
	char *body; /* NUL-terminated, the caller's to free; never NULL after success */
	size_t size;
};

/* For the whole program, before its first thread. 0 or -errno. */
int http_init(void);

/*
 * 0 with an answer 2xx. -ECANCELED; -EBADMSG when the server does not take this body (400, 413,
 * 415, 422); -EACCES (401, 403); -ETIMEDOUT; any other -errno. @diag says how often it was tried
 * and how it ended.
 */
int http_post(const struct http_request *request, struct http_answer *ret, struct diag *diag);

#endif
