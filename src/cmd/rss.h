/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the growth of the resident memory is made of, as far as this run can tell: native
 * allocations it saw, V8's heaps by space, and the rest, which is said and not attributed.
 */
#ifndef HEAPTAP_CMD_RSS_H
#define HEAPTAP_CMD_RSS_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/session.h"
#include "profile/profile.h"

/* Bytes, of all processes of the session. */
struct rss {
	uint64_t anon;	/* resident anonymous memory at the end */
	uint64_t swap;	/* anonymous memory that is swapped out */
	int64_t change; /* since the start */
	int64_t native; /* allocated meanwhile and in use; what JavaScript has outside of V8's heap
			 * (Buffers) is in it */
	bool pages;	/* native is what the page lens saw, whosever it is */
	bool has_v8;	/* V8's heaps could be read */
	uint64_t v8_heap;	      /* what they have committed */
	int64_t v8;		      /* change of that */
	int64_t spaces[V8_NR_SPACES]; /* of that by space */
	int64_t rest;
};

void rss_account(const struct session *session, const struct snapshot *snapshot, struct rss *ret);

/* 0 or -errno. */
int rss_note(struct profile *profile, const struct rss *rss);

/* One line without newline, with V8's heaps when there are some: cut to @size. */
void rss_describe(const struct rss *rss, char *text, size_t size);

#endif
