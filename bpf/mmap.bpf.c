// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The system calls by which watched processes map and unmap memory: mmap, munmap, mremap, brk and
 * mprotect. The two programs run at every system call of the machine, so what is not one of these
 * leaves at once.
 *
 * munmap and mremap are told of when they begin: the kernel lets go of the range long before it
 * returns to the caller (it frees the pages first), and another thread that gets the same range
 * meanwhile is back earlier. All others when they are done: no other thread knows the address
 * before, and what a thread does afterwards comes later in the ring. MAP_FIXED gives up a range and
 * takes it in one step of the kernel. brk may give up what another thread's mmap gets; the kernel
 * looks there last, and that is let pass.
 *
 * A task that shares the memory of another process without being its thread (vfork, CLONE_VM) is
 * taken for a process of its own.
 */
#include <asm/errno.h>
#include <asm/mman.h>
#include <asm/unistd.h>
#include <linux/mman.h>

#include "account.bpf.h"
#include "heaptap/mappings.h"

#define TS_COMPAT  2 /* a system call of 32-bit code; asm/thread_info.h */
#define MAX_ERRNO  4095
#define HUGE_SHIFT 21 /* of the default huge page */

struct mapping_call {
	struct ht_process *process;
	struct pt_regs *regs;
	struct ht_mapping_event event;
};

static __always_inline __u64 whole_pages(__u64 size)
{
	return (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1ULL);
}

static __always_inline bool is_error(__u64 result)
{
	return result >= -(__u64)MAX_ERRNO;
}

/* false when the kernel refuses it whatever is mapped. */
static __always_inline bool is_range(__u64 start, __u64 size)
{
	return !(start & (PAGE_SIZE - 1)) && size && start + whole_pages(size) > start;
}

static __always_inline bool is_compat(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();

	return task->thread_info.status & TS_COMPAT;
}

/* false when this process is not watched. */
static __always_inline bool call_init(struct mapping_call *call, struct pt_regs *regs, __u8 kind)
{
	__u64 id = bpf_get_current_pid_tgid();

	if (!ht_enabled || is_compat())
		return 0;
	call->process = process_find(id >> 32);
	if (!call->process)
		return 0;
	call->regs = regs;
	call->event = (struct ht_mapping_event){
		.tgid = id >> 32,
		.epoch = call->process->epoch,
		.tid = id,
		.kind = kind,
		.time_ms = time_ms(),
	};
	return 1;
}

/* The reader looks several times a second and is woken only when the ring fills up. */
static __always_inline int call_send(struct mapping_call *call)
{
	__u64 half = bpf_ringbuf_query(&mapping_events, BPF_RB_RING_SIZE) / 2;
	__u64 flags = bpf_ringbuf_query(&mapping_events, BPF_RB_AVAIL_DATA) > half
			      ? BPF_RB_FORCE_WAKEUP
			      : BPF_RB_NO_WAKEUP;

	if (bpf_ringbuf_output(&mapping_events, &call->event, sizeof(call->event), flags))
		loss_add(HT_LOSS_mmap_lost);
	return 0;
}

/* The stack: the pc behind the system call instruction is like one that a call returns to. */
static __noinline int call_walk(struct mapping_call *call, __u32 probe)
{
	struct allocation a = {.process = call->process, .probe = probe};

	a.start.pc = call->regs->rip;
	a.start.sp = call->regs->rsp;
	a.start.fp = call->regs->rbp;
	a.start.rbx = call->regs->rbx;
	call->event.site = account_site(&a);
	return 0;
}

static __always_inline int mmap_done(struct pt_regs *regs, __u64 result)
{
	__u64 size = regs->rsi, prot = regs->rdx, flags = regs->r10, page = PAGE_SIZE;
	bool counted = flags & MAP_ANONYMOUS;
	struct mapping_call call;

	if (is_error(result) || (!counted && !(flags & MAP_FIXED)) ||
	    !call_init(&call, regs, HT_MAPPING_ADD))
		return 0;
	if (counted && flags & MAP_HUGETLB)
		page = 1ULL << ((flags >> MAP_HUGE_SHIFT & MAP_HUGE_MASK) ?: HUGE_SHIFT);
	call.event.start = result;
	call.event.size = (size + page - 1) & ~(page - 1);
	if (counted) {
		call.event.flags = HT_MAPPING_COUNTED | (prot ? 0 : HT_MAPPING_RESERVED);
		call_walk(&call, HT_PROBE_MMAP);
	}
	return call_send(&call);
}

static __always_inline int unmap(struct pt_regs *regs, __u8 kind, __u8 flags)
{
	struct mapping_call call;

	if (!is_range(regs->rdi, regs->rsi) || !call_init(&call, regs, kind))
		return 0;
	call.event.start = regs->rdi;
	call.event.size = whole_pages(regs->rsi);
	call.event.flags = flags;
	return call_send(&call);
}

struct looked_up {
	bool anonymous;
};

static long look_at(struct task_struct *task, struct vm_area_struct *vma, struct looked_up *ret)
{
	ret->anonymous = !vma->vm_file;
	return 0;
}

/* HT_MAPPING_* of what lies at @address. */
static __noinline __u8 kind_of(__u64 address)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	struct looked_up found = {0};

	if (bpf_find_vma(task, address, look_at, &found, 0))
		return HT_MAPPING_UNSURE;
	return found.anonymous ? HT_MAPPING_COUNTED : 0;
}

static __always_inline int mremap_done(struct pt_regs *regs, __u64 result)
{
	__u64 size = whole_pages(regs->rdx), old_size = whole_pages(regs->rsi);
	bool kept = regs->r10 & MREMAP_DONTUNMAP;
	struct mapping_call call;

	if (is_error(result))
		return unmap(regs, HT_MAPPING_RESTORE, 0);
	if (!call_init(&call, regs, HT_MAPPING_MOVE))
		return 0;
	call.event.start = result;
	call.event.size = size;
	call.event.old = regs->rdi;
	call.event.old_size = old_size;
	/* an old size of 0 maps the same shared pages once more */
	if ((size > old_size && old_size) || kept) {
		call.event.flags = kind_of(result) | (kept ? HT_MAPPING_KEPT : 0);
		if (call.event.flags & (HT_MAPPING_COUNTED | HT_MAPPING_UNSURE))
			call_walk(&call, HT_PROBE_MREMAP);
	}
	return call_send(&call);
}

/* The end of the heap before the first brk that is seen of the process. */
static __always_inline int brk_begins(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	struct ht_process *process = process_find(bpf_get_current_pid_tgid() >> 32);
	struct mm_struct *mm = task->mm;

	if (process && !process->brk && mm)
		process->brk = whole_pages(mm->brk);
	return 0;
}

static __always_inline int brk_done(struct pt_regs *regs, __u64 result)
{
	struct mapping_call call;
	__u64 old;

	if (!call_init(&call, regs, HT_MAPPING_BREAK))
		return 0;
	result = whole_pages(result);
	old = __sync_lock_test_and_set(&call.process->brk, result);
	if (!old || old == result)
		return 0;
	call.event.start = result;
	call.event.old = old;
	if (result > old)
		call_walk(&call, HT_PROBE_BRK);
	return call_send(&call);
}

/* What may be accessed now; that something may not be any more frees nothing. */
static __always_inline int mprotect_done(struct pt_regs *regs, __u64 result)
{
	if (result || !(regs->rdx & (PROT_READ | PROT_WRITE | PROT_EXEC)))
		return 0;
	return unmap(regs, HT_MAPPING_ALLOW, 0);
}

SEC("tp_btf/sys_enter")
int syscall_begins(__u64 *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx[0];

	switch (ctx[1]) {
	case __NR_munmap:
		return unmap(regs, HT_MAPPING_TAKE, 0);
	case __NR_mremap:
		return unmap(regs, HT_MAPPING_TAKE, HT_MAPPING_MREMAP);
	case __NR_brk:
		return brk_begins();
	}
	return 0;
}

SEC("tp_btf/sys_exit")
int syscall_done(__u64 *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx[0];
	__u64 result = ctx[1];

	switch (regs->orig_rax) {
	case __NR_mmap:
		return mmap_done(regs, result);
	case __NR_munmap:
		return is_error(result) ? unmap(regs, HT_MAPPING_RESTORE, 0) : 0;
	case __NR_mremap:
		return mremap_done(regs, result);
	case __NR_brk:
		return brk_done(regs, result);
	case __NR_mprotect:
	case __NR_pkey_mprotect:
		return mprotect_done(regs, result);
	}
	return 0;
}
