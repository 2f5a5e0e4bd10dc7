// SPDX-License-Identifier: Apache-2.0
/* Entries are found as the programs find them: heaptap/wire.h. */
#include "collect/processes.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* The entry of @tgid, or with @take the first that is free; NULL when there is none. */
static struct ht_process *find(struct ht_process *processes, uint32_t tgid, bool take)
{
	struct ht_process *unused = NULL;

	for (uint32_t i = 0; i < HT_PROCESS_PROBES; i++) {
		struct ht_process *process =
			&processes[(ht_process_slot(tgid) + i) % HT_MAX_PROCESSES];

		if (process->tgid == tgid)
			return process;
		if (!unused && (!process->tgid || process->tgid == HT_PROCESS_GONE))
			unused = process;
		if (!process->tgid)
			break;
	}
	return take ? unused : NULL;
}

/* The programs take entries too. */
static bool claim(struct ht_process *process, uint32_t tgid)
{
	uint32_t there = __atomic_load_n(&process->tgid, __ATOMIC_ACQUIRE);

	return (!there || there == HT_PROCESS_GONE || there == tgid) &&
	       __atomic_compare_exchange_n(&process->tgid, &there, HT_PROCESS_CLAIMED, false,
					   __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

int processes_watch(struct ht_process *processes, uint32_t tgid, uint32_t epoch)
{
	const size_t head = offsetof(struct ht_process, epoch);
	struct ht_process *process;

	do {
		process = find(processes, tgid, true);
		if (!process)
			return -ENOSPC;
	} while (!claim(process, tgid));
	memset((char *)process + head, 0, sizeof(*process) - head);
	process->epoch = epoch;
	__atomic_store_n(&process->tgid, tgid, __ATOMIC_RELEASE);
	return 0;
}

void processes_leave(struct ht_process *processes, uint32_t tgid, uint32_t epoch)
{
	struct ht_process *process = find(processes, tgid, false);

	if (process && process->epoch == epoch)
		__atomic_compare_exchange_n(&process->tgid, &tgid, HT_PROCESS_GONE, false,
					    __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

bool processes_have(struct ht_process *processes, uint32_t tgid, uint32_t epoch)
{
	const struct ht_process *process = find(processes, tgid, false);

	return process && process->epoch == epoch;
}

int processes_set_flags(struct ht_process *processes, uint32_t tgid, uint8_t flags)
{
	struct ht_process *process = find(processes, tgid, false);

	if (!process)
		return -ESRCH;
	process->flags |= flags;
	return 0;
}

uint8_t processes_flags(struct ht_process *processes, uint32_t tgid)
{
	const struct ht_process *process = find(processes, tgid, false);

	return process ? process->flags : 0;
}

int processes_set_mapset(struct ht_process *processes, uint32_t tgid, uint64_t mapset)
{
	struct ht_process *process = find(processes, tgid, false);

	if (!process)
		return -ESRCH;
	__atomic_store_n(&process->mapset, mapset, __ATOMIC_RELEASE);
	return 0;
}

int processes_set_v8(struct ht_process *processes, uint32_t tgid, uint16_t v8)
{
	struct ht_process *process = find(processes, tgid, false);

	if (!process)
		return -ESRCH;
	__atomic_store_n(&process->v8, v8, __ATOMIC_RELEASE);
	return 0;
}

int processes_set_unused(struct ht_process *processes, uint32_t tgid,
			 const struct processes_unused *unused)
{
	struct ht_process *process = find(processes, tgid, false);

	if (!process)
		return -ESRCH;
	process->partly_unused = unused->partly_probes;
	__atomic_store_n(&process->partly, unused->partly, __ATOMIC_RELEASE);
	__atomic_store_n(&process->unused, unused->allocators, __ATOMIC_RELEASE);
	return 0;
}

int processes_generation(struct ht_process *processes, uint32_t tgid, uint32_t *ret)
{
	const struct ht_process *process = find(processes, tgid, false);

	if (!process)
		return -ESRCH;
	*ret = __atomic_load_n(&process->generation, __ATOMIC_ACQUIRE);
	return 0;
}
