// SPDX-License-Identifier: Apache-2.0
/* Entries are found as the programs find them: heaptap/wire.h. */
#include "collect/processes.h"

#include <errno.h>
#include <stdbool.h>
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

int processes_watch(struct ht_process *processes, uint32_t tgid, uint32_t epoch)
{
	struct ht_process *process = find(processes, tgid, true);

	if (!process)
		return -ENOSPC;
	memset(process, 0, sizeof(*process));
	process->epoch = epoch;
	__atomic_store_n(&process->tgid, tgid, __ATOMIC_RELEASE);
	return 0;
}

void processes_unwatch(struct ht_process *processes, uint32_t tgid)
{
	struct ht_process *process = find(processes, tgid, false);

	if (process)
		__atomic_store_n(&process->tgid, HT_PROCESS_GONE, __ATOMIC_RELEASE);
}

int processes_set_flags(struct ht_process *processes, uint32_t tgid, uint8_t flags)
{
	struct ht_process *process = find(processes, tgid, false);

	if (!process)
		return -ESRCH;
	process->flags |= flags;
	return 0;
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

int processes_generation(struct ht_process *processes, uint32_t tgid, uint32_t *ret)
{
	const struct ht_process *process = find(processes, tgid, false);

	if (!process)
		return -ESRCH;
	*ret = __atomic_load_n(&process->generation, __ATOMIC_ACQUIRE);
	return 0;
}
