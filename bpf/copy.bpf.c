// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* Raw stacks and requests on the ring buffer. */
#include "copy.bpf.h"

#define COPY_BLOCK 512

__hidden bool copy_allowed(struct ht_process *process)
{
	__u64 now = bpf_ktime_get_ns(), oldest = now - COPY_BURST * COPY_INTERVAL_NS;

	if (process->nr_copies >= COPIES_MAX)
		return 0;
	if (process->copied_ns < oldest)
		process->copied_ns = oldest;
	if (process->copied_ns + COPY_INTERVAL_NS > now)
		return 0;
	process->copied_ns += COPY_INTERVAL_NS;
	process->nr_copies++;
	return 1;
}

__hidden int copy_stack(struct stack_start *start, struct ht_process *process, __u32 epoch,
			__u32 site)
{
	__u64 base = start->sp - HT_RED_ZONE;
	struct ht_copy_event *copy = NULL;
	__u32 size;

	if (ring_has_room(sizeof(*copy)))
		copy = bpf_ringbuf_reserve(&events, sizeof(*copy), 0);
	if (!copy) {
		loss_add(HT_LOSS_copy_lost);
		return 0;
	}
	for (size = 0; size < HT_COPY_SIZE; size += COPY_BLOCK)
		if (bpf_probe_read_user(copy->stack + size, COPY_BLOCK, (void *)(base + size)))
			break;
	copy->event.kind = HT_EVENT_COPY;
	copy->event.tgid = process->tgid;
	copy->event.epoch = epoch;
	copy->event.moment = HT_MOMENT(0, process->generation);
	copy->event.time_ns = bpf_ktime_get_ns();
	copy->site = site;
	copy->size = size;
	copy->pc = start->pc + start->exact;
	copy->sp = start->sp;
	copy->fp = start->fp;
	copy->rbx = start->rbx;
	bpf_ringbuf_submit(copy, 0);
	return 0;
}

__hidden int maps_ask(struct ht_process *process, __u32 tgid)
{
	__u64 now = bpf_ktime_get_ns();

	if (now - process->asked_ns < ASK_INTERVAL_NS)
		return 0;
	process->asked_ns = now;
	event_tell(HT_EVENT_MAPS, tgid, 0, 0);
	return 0;
}

__hidden int maps_watch(struct ht_process *process, __u32 tgid)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	struct mm_struct *mm = task->mm;
	__u64 pages;

	if (!mm)
		return 0;
	pages = mm->exec_vm;
	if (pages == process->exec_pages)
		return 0;
	process->exec_pages = pages;
	return maps_ask(process, tgid);
}

/* r_state of struct r_debug, glibc's elf/link.h. */
enum { RT_CONSISTENT, RT_ADD, RT_DELETE };

/*
 * The function the dynamic loader calls for debuggers, before and after it changes what is mapped.
 * The cookie is the distance from the function to r_state. What dlclose unmaps may be mapped again
 * by another object at once, so from the end of a dlclose on the old mappings are not used. That
 * counts from the moment the process is watched, before anything is recorded of it.
 */
SEC("uprobe/loader_state")
int loader_state(struct pt_regs *ctx)
{
	__u32 tgid = tgid_here(), state = RT_CONSISTENT;
	struct ht_process *process = process_find(tgid);
	__u64 distance = bpf_get_attach_cookie(ctx);

	if (!process)
		return 0;
	if (!distance || bpf_probe_read_user(&state, sizeof(state), (void *)(ctx->rip + distance)))
		process->deleting = 1;
	if (state == RT_DELETE)
		process->deleting = 1;
	if (state != RT_CONSISTENT)
		return 0;
	if (process->deleting) {
		process->deleting = 0;
		__sync_fetch_and_add(&process->generation, 1);
	}
	event_tell(HT_EVENT_MAPS, tgid, 0, process->flags & HT_PROCESS_HOLD);
	return 0;
}
