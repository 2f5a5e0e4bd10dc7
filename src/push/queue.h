/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles that are sent, one after another, by a thread of their own, so that a recording goes on
 * while a server hangs. Each is opened when it is added: what a store prunes, or another run
 * replaces, before its turn is still sent.
 */
#ifndef HEAPTAP_PUSH_QUEUE_H
#define HEAPTAP_PUSH_QUEUE_H

#include <signal.h>
#include <stdbool.h>

#include "push/push.h"

#define PUSH_QUEUE_MAX 64 /* that wait */

struct push_queue;

struct push_result {
	char *path; /* the caller's to free */
	int err;    /* of push_send() */
	struct diag diag;
};

/* The thread has all signals blocked. @push must outlive the queue. 0 or -errno. */
int push_queue_new(const struct push *push, struct push_queue **ret);

/* 0; -ENOBUFS when too many wait already; -ENOMEM; or the -errno of opening @path. */
int push_queue_add(struct push_queue *queue, const char *path);

/* The next result, in order; false when there is none yet. */
bool push_queue_next(struct push_queue *queue, struct push_result *ret);

/* Waits until nothing is left to send; for @timeout_ns, or until a signal of those that @sleeping
 * lets through. Then what is left is given up: it is a result with -ECANCELED. */
void push_queue_finish(struct push_queue *queue, uint64_t timeout_ns, const sigset_t *sleeping);

/* NULL is allowed. */
void push_queue_free(struct push_queue *queue);

#endif
