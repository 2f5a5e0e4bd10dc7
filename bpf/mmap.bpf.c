// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The system calls by which watched processes map and unmap memory: mmap, munmap, mremap, brk and
 * mprotect. The two programs run at every system call of the machine, so what is not one of these
 * leaves at once.
 *
 * What gives a range up is told of when it begins: once the kernel has let go of the range another
 * thread may get it, and be back, before the first one is. So munmap and mremap are told of at
 * sys_enter, and again at sys_exit when they failed. What takes a range is told of when it is done:
 * no other thread knows the address before, and what a thread does afterwards comes later in the
 * ring. MAP_FIXED gives up a range and takes it in one step of the kernel. What brk gives up the
 * kernel hands out last of all: that another thread gets it at once is let pass.
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
#define ACCESS	   (PROT_READ | PROT_WRITE | PROT_EXEC)

/* The event that is being made. What runs at a tracepoint is not preempted, and a walk leaves no
 * room for it on the stack: 6.1 counts 512 bytes in steps of 32. */
struct mapping_scratch_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ht_mapping_event);
} mapping_scratch SEC(".maps");

/* One call of a watched process, on its way to the ring. */
struct mapping_call {
	struct ht_process *process;
	struct ht_mapping_event *event;
	__u32 probe; /* HT_PROBE_*: the stack is wanted; 0: it is not */
};

static __always_inline __u64 whole_pages(__u64 size)
{
	return (size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1ULL);
}

static __always_inline bool is_error(__u64 result)
{
	return result >= -(__u64)MAX_ERRNO;
}

static __always_inline bool is_compat(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();

	return task->thread_info.status & TS_COMPAT;
}

/* false when this process is not watched. */
static __always_inline bool call_init(struct mapping_call *call)
{
	__u32 tgid = tgid_here();

	if (!ht_enabled || is_compat())
		return 0;
	call->probe = 0;
	call->process = process_find(tgid);
	if (!call->process)
		return 0;
	call->event = bpf_map_lookup_elem(&mapping_scratch, &(__u32){0});
	if (!call->event)
		return 0;
	*call->event = (struct ht_mapping_event){
		.tgid = tgid,
		.epoch = call->process->epoch,
		.tid = bpf_get_current_pid_tgid(),
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

	if (bpf_ringbuf_output(&mapping_events, call->event, sizeof(*call->event), flags))
		loss_add(HT_LOSS_mmap_lost);
	return 0;
}

/* The site. The pc behind the system call instruction is like one that a call returns to. */
static __noinline __u32 call_walk(struct ht_process *process, struct pt_regs *regs, __u32 probe)
{
	struct allocation a = {.process = process, .probe = probe};

	a.start.pc = regs->rip;
	a.start.sp = regs->rsp;
	a.start.fp = regs->rbp;
	a.start.rbx = regs->rbx;
	return account_site(&a);
}

/* --- what is told of each: the functions return whether something is ---------------------------
 */

/* The range that munmap, mremap and mprotect begin with. False when the kernel refuses it whatever
 * is mapped. */
static __always_inline bool range_of(struct mapping_call *call, struct pt_regs *regs, __u8 kind)
{
	__u64 start = regs->rdi, size = whole_pages(regs->rsi);

	call->event->kind = kind;
	call->event->start = start;
	call->event->size = size;
	return !(start & (PAGE_SIZE - 1)) && size && start + size > start;
}

static __always_inline bool mmap_done(struct mapping_call *call, struct pt_regs *regs, __u64 result)
{
	__u64 flags = regs->r10, page = PAGE_SIZE;
	bool counted = flags & MAP_ANONYMOUS;

	if (is_error(result) || (!counted && !(flags & MAP_FIXED)))
		return 0;
	if (counted && flags & MAP_HUGETLB)
		page = 1ULL << ((flags >> MAP_HUGE_SHIFT & MAP_HUGE_MASK) ?: HUGE_SHIFT);
	call->event->kind = HT_MAPPING_ADD;
	call->event->start = result;
	call->event->size = (regs->rsi + page - 1) & ~(page - 1);
	if (counted) {
		call->event->flags = HT_MAPPING_COUNTED;
		if (!(regs->rdx & ACCESS))
			call->event->flags |= HT_MAPPING_RESERVED;
		call->probe = HT_PROBE_MMAP;
	}
	return 1;
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

static __always_inline bool mremap_done(struct mapping_call *call, struct pt_regs *regs,
					__u64 result)
{
	__u64 size = whole_pages(regs->rdx), old_size = whole_pages(regs->rsi);
	bool kept = regs->r10 & MREMAP_DONTUNMAP;

	if (is_error(result))
		return range_of(call, regs, HT_MAPPING_RESTORE);
	call->event->kind = HT_MAPPING_MOVE;
	call->event->start = result;
	call->event->size = size;
	call->event->old = regs->rdi;
	call->event->old_size = old_size;
	/* an old size of 0 maps the same shared pages once more */
	if ((size > old_size && old_size) || kept) {
		call->event->flags = kind_of(result) | (kept ? HT_MAPPING_KEPT : 0);
		if (call->event->flags & (HT_MAPPING_COUNTED | HT_MAPPING_UNSURE))
			call->probe = HT_PROBE_MREMAP;
	}
	return 1;
}

/* Before the first brk that is seen of a process the end of its heap is looked up. */
static __always_inline bool brk_begins(struct mapping_call *call)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task_btf();
	struct mm_struct *mm = task->mm;

	if (!call->process->brk && mm)
		call->process->brk = whole_pages(mm->brk);
	return 0;
}

static __always_inline bool brk_done(struct mapping_call *call, __u64 result)
{
	__u64 end = whole_pages(result);
	__u64 old = __sync_lock_test_and_set(&call->process->brk, end);

	call->event->kind = HT_MAPPING_BREAK;
	call->event->start = end;
	call->event->old = old;
	if (end > old)
		call->probe = HT_PROBE_BRK;
	return old && old != end;
}

/* What may be accessed now; that something may not be any more frees nothing. */
static __always_inline bool mprotect_done(struct mapping_call *call, struct pt_regs *regs,
					  __u64 result)
{
	return !result && regs->rdx & ACCESS && range_of(call, regs, HT_MAPPING_ALLOW);
}

static __always_inline bool is_told_of(__u64 nr)
{
	return nr == __NR_mmap || nr == __NR_munmap || nr == __NR_mremap || nr == __NR_brk ||
	       nr == __NR_mprotect || nr == __NR_pkey_mprotect;
}

SEC("tp_btf/sys_enter")
int syscall_begins(__u64 *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx[0];
	__u64 nr = ctx[1];
	struct mapping_call call;
	bool tell = 0;

	if ((nr != __NR_munmap && nr != __NR_mremap && nr != __NR_brk) || !call_init(&call))
		return 0;
	if (nr == __NR_brk)
		return brk_begins(&call);
	tell = range_of(&call, regs, HT_MAPPING_TAKE);
	if (nr == __NR_mremap)
		call.event->flags = HT_MAPPING_MREMAP;
	return tell ? call_send(&call) : 0;
}

SEC("tp_btf/sys_exit")
int syscall_done(__u64 *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx[0];
	__u64 result = ctx[1], nr = regs->orig_rax;
	struct mapping_call call;
	bool tell = 0;

	if (!is_told_of(nr) || !call_init(&call))
		return 0;
	if (nr == __NR_mmap)
		tell = mmap_done(&call, regs, result);
	else if (nr == __NR_munmap)
		tell = is_error(result) && range_of(&call, regs, HT_MAPPING_RESTORE);
	else if (nr == __NR_mremap)
		tell = mremap_done(&call, regs, result);
	else if (nr == __NR_brk)
		tell = brk_done(&call, result);
	else
		tell = mprotect_done(&call, regs, result);
	if (!tell)
		return 0;
	if (call.probe)
		call.event->site = call_walk(call.process, regs, call.probe);
	return call_send(&call);
}
