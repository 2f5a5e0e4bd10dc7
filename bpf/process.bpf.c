// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The life of watched processes. After an exec nothing of the old image is held: the epoch grows,
 * so that its entries in the books can be neither freed nor met by the new image.
 */
#include "maps.bpf.h"

int tgid_in_namespace(void)
{
	struct bpf_pidns_info numbers = {0};

	bpf_get_ns_current_pid_tgid(ht_pid_ns_dev, ht_pid_ns_ino, &numbers, sizeof(numbers));
	return numbers.tgid;
}

/* A new image: nothing that is known of the one before holds. */
static __always_inline void process_renew(struct ht_process *process, __u32 epoch)
{
	process->trampoline = 0;
	process->mapset = 0;
	process->v8 = 0;
	process->unused = 0;
	process->partly = 0;
	process->nr_forwarding = 0;
	process->brk = 0;
	process->epoch = epoch;
}

/* Of one that is not watched it is told too when processes are picked by what they are. One that is
 * to be held stands still before its first instruction. */
SEC("raw_tp/sched_process_exec")
int process_exec(void *ctx)
{
	__u32 tgid = tgid_here(), epoch;
	struct ht_process *process = process_find(tgid);
	bool hold;

	if (!tgid || (!process && !ht_all_execs))
		return 0;
	epoch = epoch_next();
	if (process) {
		__sync_fetch_and_add(&process->generation, 1);
		process_renew(process, epoch);
	}
	hold = process && (process->flags & HT_PROCESS_HOLD) && ht_enabled != HT_DISABLED;
	event_tell(HT_EVENT_EXEC, tgid, epoch, hold);
	return 0;
}

/* The entry of a process that does not run yet; NULL when there is no room. */
static __always_inline struct ht_process *process_add(__u32 tgid)
{
	__u32 slot = ht_process_slot(tgid);

	for (int i = 0; i < HT_PROCESS_PROBES; i++) {
		__u32 index = (slot + i) % HT_MAX_PROCESSES, there;
		struct ht_process *process = bpf_map_lookup_elem(&processes, &index);

		if (!process)
			return NULL;
		there = *(volatile __u32 *)&process->tgid;
		if (there == tgid)
			return process;
		if ((!there || there == HT_PROCESS_GONE) &&
		    __sync_val_compare_and_swap(&process->tgid, there, tgid) == there)
			return process;
	}
	return NULL;
}

static __always_inline void process_init(struct ht_process *process, __u32 epoch, __u8 flags)
{
	process_renew(process, epoch);
	process->asked_ns = 0;
	process->exec_pages = 0;
	process->copied_ns = 0;
	process->nr_copies = 0;
	process->generation = 0;
	process->deleting = 0;
	process->flags = flags;
}

/* The number of @child, which the current process has just made, as tgid_here() gives it. It may be
 * the first of a pid namespace inside ours. */
static __always_inline __u32 tgid_of_child(struct task_struct *child)
{
	struct task_struct *parent = (struct task_struct *)bpf_get_current_task();
	void *numbers;
	__u32 level;
	int number = 0;

	if (!ht_pid_ns_ino)
		return BPF_CORE_READ(child, tgid);
	level = BPF_CORE_READ(parent, thread_pid, level);
	numbers = (void *)BPF_CORE_READ(child, thread_pid) +
		  bpf_core_field_offset(struct pid, numbers) +
		  level * bpf_core_type_size(struct upid);
	bpf_probe_read_kernel(&number, sizeof(number),
			      numbers + bpf_core_field_offset(struct upid, nr));
	return number;
}

/* A thread of a followed process is born: a process, unless it shares the thread group. */
SEC("raw_tp/sched_process_fork")
int process_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *child = (struct task_struct *)ctx->args[1];
	__u32 parent = tgid_here();
	struct ht_event event = {.kind = HT_EVENT_FORK, .parent = parent};
	struct ht_process *process = process_find(parent), *born;

	if (!process || !(process->flags & HT_PROCESS_FOLLOW))
		return 0;
	if ((__u32)BPF_CORE_READ(child, tgid) == bpf_get_current_pid_tgid() >> 32)
		return 0;
	event.tgid = tgid_of_child(child);
	born = process_add(event.tgid);
	if (!born) {
		loss_add(HT_LOSS_event_lost);
		return 0;
	}
	event.epoch = epoch_next();
	process_init(born, event.epoch,
		     process->flags & (HT_PROCESS_FOLLOW | HT_PROCESS_EVERYWHERE));
	born->unused = process->unused;
	born->partly_unused = process->partly_unused;
	born->partly = process->partly;
	event.time_ns = bpf_ktime_get_ns();
	if (bpf_ringbuf_output(&events, &event, sizeof(event), 0)) {
		born->tgid = HT_PROCESS_GONE;
		loss_add(HT_LOSS_event_lost);
	}
	return 0;
}

/* The last thread of a process ends: another process may get its number. */
SEC("raw_tp/sched_process_exit")
int process_exit(void *ctx)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	__u32 tgid = tgid_here();
	struct ht_process *process = process_find(tgid);

	if (process && !BPF_CORE_READ(task, signal, live.counter))
		__sync_val_compare_and_swap(&process->tgid, tgid, HT_PROCESS_GONE);
	return 0;
}
