/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of watched processes, as memory that the programs share: what they look up at every
 * hit. A process that is in it is watched.
 */
#ifndef HEAPTAP_COLLECT_PROCESSES_H
#define HEAPTAP_COLLECT_PROCESSES_H

#include <stdbool.h>
#include <stdint.h>

#include "heaptap/wire.h"

/* Watches @tgid from now on, until it ends. -ENOSPC: the table has no room for it. */
int processes_watch(struct ht_process *processes, uint32_t tgid, uint32_t epoch);

/* It is no more, unless another image has the entry by now. */
void processes_leave(struct ht_process *processes, uint32_t tgid, uint32_t epoch);

/* Is @tgid watched with image @epoch? */
bool processes_have(struct ht_process *processes, uint32_t tgid, uint32_t epoch);

/* All that follow return -ESRCH when @tgid is not watched. */

/* Sets HT_PROCESS_* @flags. */
int processes_set_flags(struct ht_process *processes, uint32_t tgid, uint8_t flags);

/* HT_PROCESS_* of @tgid; 0 when it is not watched. */
uint8_t processes_flags(struct ht_process *processes, uint32_t tgid);

/* Its frames are those of the V8 in entry @v8 - 1 of the table of V8s. */
int processes_set_v8(struct ht_process *processes, uint32_t tgid, uint16_t v8);

/* The generation of its mappings, to be read before they are: what is published for it is stale
 * once the programs have seen something go. */
int processes_generation(struct ht_process *processes, uint32_t tgid, uint32_t *ret);

/* Which allocators' hits do not count, see struct ht_process. */
struct processes_unused {
	uint64_t allocators, partly_probes;
	uint32_t partly;
};
int processes_set_unused(struct ht_process *processes, uint32_t tgid,
			 const struct processes_unused *unused);

/* From now on its stacks are walked with @mapset, see tables_publish(). */
int processes_set_mapset(struct ht_process *processes, uint32_t tgid, uint64_t mapset);

#endif
