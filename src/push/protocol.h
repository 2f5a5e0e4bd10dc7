/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the servers differ in: a row for each protocol, with the path of its API, its body, and what
 * a good answer is. docs/push.md names the published sources.
 */
#ifndef HEAPTAP_PUSH_PROTOCOL_H
#define HEAPTAP_PUSH_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile/profile.h"
#include "push/labels.h"
#include "util/diag.h"

/* A profile to be sent: its file as it is, and what that says. */
struct payload {
	const void *data;
	size_t size;
	const struct profile *profile;
	const struct push_labels *labels;
	uint8_t id[16]; /* of these bytes: the same whenever they are sent */
};

struct protocol {
	const char *name; /* of "NAME+https://" */
	const char *path; /* where its API is, below the URL's own path */
	const char *content_type;
	const char *content_encoding; /* NULL: none */
	bool otlp_names;	      /* of labels; otherwise they are of letters, digits and _ */
	const long *retried;	      /* statuses worth another attempt, 0 at the end */
	/* A new body, the caller's to free. 0 or -ENOMEM, -EFBIG. */
	int (*encode)(const struct payload *payload, void **ret, size_t *ret_size);
	/* The body of an answer 2xx. 0, -EPROTO when no such server would say this, -EBADMSG when
	 * it says that it did not take the profile; @diag says why. */
	int (*judge)(const void *body, size_t size, struct diag *diag);
};

/* By its name; NULL. */
const struct protocol *protocol_by_name(const char *name, size_t length);

/* By the path of a URL, which may have others before it; NULL. */
const struct protocol *protocol_by_path(const char *path);

/* Does @path end with that of the API? */
bool protocol_has_path(const struct protocol *protocol, const char *path);

/* "pyroscope+https://HOST, ...", for messages. */
#define PROTOCOL_FORMS                                                                             \
	"pyroscope+https://HOST:PORT, parca+https://HOST:PORT or otlp+https://HOST:PORT"

/* The rows' functions: push/raw.c and push/otlp.c. */
int pyroscope_encode(const struct payload *payload, void **ret, size_t *ret_size);
int parca_encode(const struct payload *payload, void **ret, size_t *ret_size);
int raw_judge(const void *body, size_t size, struct diag *diag);
int otlp_encode(const struct payload *payload, void **ret, size_t *ret_size);
int otlp_judge(const void *body, size_t size, struct diag *diag);

#endif
