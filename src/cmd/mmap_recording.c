// SPDX-License-Identifier: Apache-2.0
/* Names, notes and a line of the summary. */
#include "cmd/mmap_recording.h"

#include <inttypes.h>

#include "cmd/cmd.h"
#include "export/text.h"
#include "heaptap/mappings.h"

bool mmap_recording_is(const struct stack *stack)
{
	return stack->probe >= HT_PROBE_MMAP && stack->probe <= HT_PROBE_BRK;
}

const char *mmap_recording_leaf(const struct stack *stack)
{
	static const char *const leaves[] = {
		[HT_PROBE_MMAP - HT_PROBE_MMAP] = "[mmap]",
		[HT_PROBE_MREMAP - HT_PROBE_MMAP] = "[mremap]",
		[HT_PROBE_BRK - HT_PROBE_MMAP] = "[brk]",
	};

	return leaves[stack->probe - HT_PROBE_MMAP];
}

int mmap_recording_note(const struct snapshot *snapshot, struct profile *profile)
{
	const struct snapshot_mmaps *mmaps = &snapshot->mmaps;
	int err;

	if (!mmaps->on)
		return 0;
	err = profile_set_note(profile, "mmaps", "%" PRIu64, mmaps->calls);
	err = err ?: profile_set_note(profile, "mmap_bytes", "%" PRIu64, mmaps->bytes);
	err = err
		      ?: profile_set_note(profile, "mmap_allocator_calls", "%" PRIu64,
					  mmaps->allocator_calls);
	return err
		       ?: profile_set_note(profile, "mmap_allocator_bytes", "%" PRIu64,
					   mmaps->allocator_bytes);
}

void mmap_recording_say(const struct snapshot *snapshot)
{
	const struct snapshot_mmaps *mmaps = &snapshot->mmaps;
	char bytes[TEXT_SIZE], allocator[TEXT_SIZE];

	if (!mmaps->on)
		return;
	cmd_message("mapped: %s of it, by %" PRIu64
		    " system calls; %s that allocators mapped is not added",
		    text_bytes(bytes, mmaps->bytes), mmaps->calls,
		    text_bytes(allocator, mmaps->allocator_bytes));
}
