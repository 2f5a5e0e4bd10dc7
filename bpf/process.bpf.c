// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The life of watched processes. After an exec nothing of the old image is held: the epoch grows,
 * so that its entries in the books can be neither freed nor met by the new image.
 */
#include "maps.bpf.h"

SEC("raw_tp/sched_process_exec")
int process_exec(void *ctx)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct ht_process *process = process_find(tgid);
	struct ht_event event = {.kind = HT_EVENT_EXEC, .tgid = tgid};

	if (!process)
		return 0;
	process->trampoline = 0;
	process->mapset = 0;
	process->v8 = 0;
	process->nr_forwarding = 0;
	__sync_fetch_and_add(&process->generation, 1);
	event.epoch = __sync_fetch_and_add(&process->epoch, 1) + 1;
	event.time_ns = bpf_ktime_get_ns();
	if (bpf_ringbuf_output(&events, &event, sizeof(event), 0))
		loss_add(HT_LOSS_event_lost);
	return 0;
}

/* A thread of a followed process is born: a process, unless it shares the thread group. */
SEC("raw_tp/sched_process_fork")
int process_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *child = (struct task_struct *)ctx->args[1];
	__u32 parent = bpf_get_current_pid_tgid() >> 32;
	struct ht_event event = {.kind = HT_EVENT_FORK, .parent = parent};
	struct ht_process *process = process_find(parent);

	if (!process || !(process->flags & HT_PROCESS_FOLLOW))
		return 0;
	event.tgid = BPF_CORE_READ(child, tgid);
	if (event.tgid == parent)
		return 0;
	event.time_ns = bpf_ktime_get_ns();
	if (bpf_ringbuf_output(&events, &event, sizeof(event), 0))
		loss_add(HT_LOSS_event_lost);
	return 0;
}
