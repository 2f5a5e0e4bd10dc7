/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is different in a recording where the page lens took part: a stack ends in the very function
 * that touched the page, what the notes say, and the summary of the source page.
 */
#ifndef HEAPTAP_CMD_PAGE_RECORDING_H
#define HEAPTAP_CMD_PAGE_RECORDING_H

#include "cmd/recording.h"
#include "collect/pages.h"
#include "profile/profile.h"

/* The leaf of a page that the kernel touched on behalf of the program. */
#define PAGE_RECORDING_LEAF "[system call]"

/* Are there page faults that are no sample? Of the source page. */
bool page_recording_is_sampled(const struct session_options *options);

/* Is there something below the first pc of @stack? */
bool page_recording_has_leaf(const struct stack *stack);

/* Mean bytes between two samples, as it came out; 1 when every fault is one. */
int64_t page_recording_rate(const struct snapshot *snapshot);

int page_recording_note(const struct recording *recording, const struct snapshot *snapshot,
			struct profile *profile);

/* Of a recording that went on with the page lens: what is held by either, of @total both. */
void page_recording_say_both(const struct site_totals *total, const struct snapshot *snapshot);

/* Of the source page: what was seen, and what is held. */
void page_recording_say(const struct recording *recording, const struct snapshot *snapshot);

#endif
