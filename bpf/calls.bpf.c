// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* The table of calls in flight, keyed by thread. Only the thread itself writes its element. */
#include "calls.bpf.h"

struct calls_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct calls);
} calls SEC(".maps");

static const struct calls no_calls;

/* Is @call still in flight? Then the kernel has put the address of its trampoline, the beginning of
 * a page, in place of the return address. */
static __always_inline bool is_pending(const struct call *call)
{
	__u64 caller;

	return !bpf_probe_read_user(&caller, sizeof(caller), (void *)call->sp) && caller &&
	       !(caller % PAGE_SIZE);
}

__hidden struct call *call_push(__u64 sp, __u32 probe)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct calls *all = bpf_map_lookup_elem(&calls, &tid);
	struct call *oldest, *found = NULL;

	if (!all) {
		if (bpf_map_update_elem(&calls, &tid, &no_calls, BPF_ANY))
			return NULL;
		all = bpf_map_lookup_elem(&calls, &tid);
		if (!all)
			return NULL;
	}
	oldest = &all->nested[0];
	for (int i = 0; i < CALLS_NESTED; i++) {
		struct call *call = &all->nested[i];

		if (!call->sp || call->sp <= sp) {
			found = call;
			break;
		}
		if ((__s32)(call->order - oldest->order) < 0)
			oldest = call;
	}
	if (!found) {
		if (is_pending(oldest))
			loss_add(HT_LOSS_calls_full);
		found = oldest;
	}
	found->sp = sp;
	found->probe = probe;
	found->order = all->order++;
	return found;
}

__hidden struct call *call_peek(__u64 sp)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct calls *all = bpf_map_lookup_elem(&calls, &tid);

	if (!all)
		return NULL;
	for (int i = 0; i < CALLS_NESTED; i++)
		if (all->nested[i].sp == sp)
			return &all->nested[i];
	return NULL;
}

__hidden struct call *call_pop(__u64 sp, __u32 probe)
{
	struct call *call = call_peek(sp);

	if (!call || call->probe != probe)
		return NULL;
	call->sp = 0;
	return call;
}

/* Also the end of a thread that dies between entry and return. */
SEC("raw_tp/sched_process_exit")
int thread_exit(void *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&calls, &tid);
	return 0;
}
