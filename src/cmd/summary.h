/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What record says on stderr before and after a run: what is watched and how, and then what was
 * seen, what was lost, how exact it is and what it cost the target.
 */
#ifndef HEAPTAP_CMD_SUMMARY_H
#define HEAPTAP_CMD_SUMMARY_H

#include "cmd/record.h"
#include "cmd/recording.h"

void summary_start(const struct record_options *options, const struct session *session,
		   uint64_t attach_ns);
void summary_end(const struct record_options *options, const struct recording *recording,
		 const struct snapshot *snapshot);

/* What it cost the target, one line. */
void summary_cost(const struct recording *recording, const struct snapshot *snapshot, char *text,
		  size_t size);

/* What was lost, of the data or (not @data) of parts of stacks; "" when nothing was. One line. */
void summary_describe_losses(const struct snapshot *snapshot, bool data, char *text, size_t size);

/* Data that should be in the profile are not. */
bool summary_has_losses(const struct snapshot *snapshot);

#endif
