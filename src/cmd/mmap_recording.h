/* SPDX-License-Identifier: Apache-2.0 */
/* What a recording says of memory that processes map themselves (--with-mmap). */
#ifndef HEAPTAP_CMD_MMAP_RECORDING_H
#define HEAPTAP_CMD_MMAP_RECORDING_H

#include <stdbool.h>

#include "collect/snapshot.h"
#include "collect/stacks.h"
#include "profile/profile.h"

/* Is it the stack of a system call, and which: "[mmap]". */
bool mmap_recording_is(const struct stack *stack);
const char *mmap_recording_leaf(const struct stack *stack);

/* Nothing of a recording without. */
int mmap_recording_note(const struct snapshot *snapshot, struct profile *profile);
void mmap_recording_say(const struct snapshot *snapshot);

#endif
