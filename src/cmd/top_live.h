/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the live view shows: a session that watches, and at each refresh its figures as rows and
 * its facts as lines of a header.
 */
#ifndef HEAPTAP_CMD_TOP_LIVE_H
#define HEAPTAP_CMD_TOP_LIVE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "cmd/attaching.h"
#include "cmd/budget.h"
#include "cmd/recording.h"
#include "cmd/stack_book.h"
#include "cmd/top.h"
#include "cmd/top_facts.h"
#include "cmd/top_rows.h"

struct top_live {
	struct top_options *options;
	struct attaching attaching;
	struct session *session; /* of attaching */
	struct recording recording;
	struct budget budget;
	char whom[256];
	struct stack_book book;
	struct top_rows rows;
	struct top_facts facts;
	uint64_t begin_ns, allocs, allocs_ns; /* seen until then */
};

/* As attaching_start(); top_live_done() is allowed after a failure. */
int top_live_start(struct top_live *live, struct top_options *options, const sigset_t *sleeping,
		   struct diag *diag);
void top_live_done(struct top_live *live);

/* Takes in what happens until @until_ns (CLOCK_MONOTONIC), a signal, or the end of the processes:
 * then 1; 0 or -errno. */
int top_live_wait(struct top_live *live, uint64_t until_ns, const sigset_t *sleeping);

/* 0 or -errno. */
int top_live_refresh(struct top_live *live);

#endif
