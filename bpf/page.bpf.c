// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Every N-th page fault of the machine, by a software event on each CPU: which stack was the first
 * to touch a page. The event comes before the kernel handles the fault, and that is what makes it
 * the first touch: a page that is mapped already is written to after a fork, or was only read so
 * far, or is looked for by NUMA balancing, and was counted when it came.
 *
 * Of a file only what a private mapping may make its own is of interest; whether it did, and what
 * size the page has, user space sees in the pagemap (src/collect/pages.c).
 */
#include "account.bpf.h"
#include "heaptap/pages.h"

#include <linux/bpf_perf_event.h>

#define MODE_MASK 3 /* of the code segment: 0 is the kernel */

/* The context as the kernel has it (Linux 6.2). */
extern void *bpf_cast_to_kern_ctx(void *ctx) __ksym __weak;

/* Where the program is: at the instruction, or behind the system call for which the kernel touches
 * its memory. */
static __always_inline void start_at(struct allocation *a, struct bpf_perf_event_data *ctx)
{
	struct pt_regs *regs;

	if (ctx->regs.cs & MODE_MASK) {
		a->start.pc = ctx->regs.rip;
		a->start.sp = ctx->regs.rsp;
		a->start.fp = ctx->regs.rbp;
		a->start.rbx = ctx->regs.rbx;
		a->start.exact = 1;
		a->probe = HT_PROBE_PAGE;
		return;
	}
	regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	a->start.pc = regs->rip;
	a->start.sp = regs->rsp;
	a->start.fp = regs->rbp;
	a->start.rbx = regs->rbx;
	a->probe = HT_PROBE_PAGE_KERNEL;
}

/* The reader looks several times a second. It is woken, once, when much has come since it looked:
 * then there are too many samples. */
static __always_inline void send(const struct ht_page_event *event)
{
	__u64 flags = BPF_RB_NO_WAKEUP;

	if (bpf_ringbuf_query(&page_events, BPF_RB_AVAIL_DATA) > HT_PAGES_WAKE && !ht_pages_woken &&
	    !__sync_lock_test_and_set(&ht_pages_woken, 1))
		flags = BPF_RB_FORCE_WAKEUP;
	if (bpf_ringbuf_output(&page_events, (void *)event, sizeof(*event), flags))
		loss_add(HT_LOSS_page_lost);
}

static __always_inline int first_touch(struct bpf_perf_event_data *ctx, struct ht_process *process)
{
	struct allocation a = {.process = process};
	struct ht_page_event event = {
		.tgid = process->tgid,
		.epoch = process->epoch,
		.period = ctx->sample_period,
		.address = ctx->addr & ~(PAGE_SIZE - 1ULL),
		.time_ms = time_ms(),
	};

	start_at(&a, ctx);
	event.site = account_site(&a);
	send(&event);
	return 0;
}

/* The process of this fault; NULL when nothing is to be done about it. */
static __always_inline struct ht_process *process_here(void)
{
	struct ht_stats *here = stats_here();

	if (!ht_enabled || !here)
		return NULL;
	COUNT(here, fault_runs);
	return process_find(tgid_here());
}

/* How often and how long, for the cost line: every run is timed, they are few. */
static __always_inline void count_time(__u64 begin_ns, __u64 period)
{
	struct ht_stats *here = stats_here();

	if (!here)
		return;
	COUNT(here, fault_samples);
	__sync_fetch_and_add(&here->count[HT_COUNT_fault_ns], bpf_ktime_get_ns() - begin_ns);
	__sync_fetch_and_add(&here->count[HT_COUNT_faults], period);
}

SEC("perf_event")
int page_fault(struct bpf_perf_event_data *ctx)
{
	struct ht_process *process = process_here();
	struct bpf_perf_event_data_kern *kernel_ctx;
	__u64 begin_ns = bpf_ktime_get_ns();

	if (!process)
		return 0;
	kernel_ctx = bpf_cast_to_kern_ctx(ctx);
	if (!kernel_ctx->data->data_page_size)
		first_touch(ctx, process);
	count_time(begin_ns, ctx->sample_period);
	return 0;
}

/* The same for kernels that do not tell whether the page is mapped: it is when it can be read. A
 * page that NUMA balancing looks for cannot, and is counted once more. */
SEC("perf_event")
int page_fault_reading(struct bpf_perf_event_data *ctx)
{
	struct ht_process *process = process_here();
	__u64 begin_ns = bpf_ktime_get_ns();
	__u8 byte;

	if (!process)
		return 0;
	if (bpf_probe_read_user(&byte, sizeof(byte), (void *)ctx->addr))
		first_touch(ctx, process);
	count_time(begin_ns, ctx->sample_period);
	return 0;
}
