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

/* Data that should be in the profile are not. */
bool summary_has_losses(const struct snapshot *snapshot);

#endif
