/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * One hit of a probe on an allocator function: whose it is, its registers and arguments, whether it
 * is a sample, and whether the allocator called itself.
 */
#ifndef HEAPTAP_BPF_HIT_H
#define HEAPTAP_BPF_HIT_H

#include "calls.bpf.h"
#include "maps.bpf.h"
#include "sample.bpf.h"

/* One hit in so many is timed, for the cost the run reports. What takes longer than the longest
 * walk is left out: something else had the CPU meanwhile. */
#define TIMED_HITS    64
#define TIMED_MOST_NS 100000

/* A probe hit, with everything that must be read before a function argument is chosen. */
struct hit {
	struct ht_process *process;
	struct ht_stats *stats;
	__u32 tgid;
	__u32 epoch;
	__u64 rate;	/* entry hits: that of now. A return weighs with that of its entry */
	__u32 rate_now; /* its number */
	__u64 begin_ns; /* 0 when this hit is not timed */
	__u64 sp, fp, rbx, pc, result;
	__u64 args[4]; /* rdi, rsi, rdx, rcx */
	struct ht_cookie cookie;
};

/* Of a session program: which side this is, and the word its entry hands to its return. */
bool session_is_return(void);
__u64 *session_cookie(void);

/* One of the argument registers. Chosen from copies: the verifier refuses a modified ctx. */
static __always_inline __u64 argument(const struct hit *hit, __u32 position)
{
	switch (position) {
	case 0:
		return hit->args[0];
	case 1:
		return hit->args[1];
	case 2:
		return hit->args[2];
	default:
		return hit->args[3];
	}
}

/* Is what the probe is on there in vain, since another allocator of the process comes before? */
static __always_inline bool is_unused(const struct ht_process *process, __u32 probe)
{
	__u32 allocator = probe / HT_ALLOCATOR_PROBES;

	if (process->unused >> allocator & 1)
		return 1;
	return process->partly == allocator + 1 &&
	       process->partly_unused >> probe % HT_ALLOCATOR_PROBES & 1;
}

/* TIMED_HITS hits are taken from the credit. Who crosses 0 wakes user space. */
static __always_inline void credit_spend(__u32 tgid, __u32 epoch)
{
	struct ht_event event = {.kind = HT_EVENT_SPENT, .tgid = tgid, .epoch = epoch};
	__s64 before = __sync_fetch_and_add(&ht_credit, -TIMED_HITS);

	if (before <= 0 || before > TIMED_HITS)
		return;
	event.time_ns = bpf_ktime_get_ns();
	/* When the ring is full user space is awake, or looks without being asked. */
	bpf_ringbuf_output(&events, &event, sizeof(event), BPF_RB_FORCE_WAKEUP);
}

/* The end of a hit whose time is taken. A global function: the verifier walks through it once, and
 * not for every way that leads here. */
__weak __noinline int hit_timed(__u64 begin_ns, __u32 tgid, __u32 epoch)
{
	__u64 ns = bpf_ktime_get_ns() - begin_ns;
	struct ht_stats *here = stats_here();

	credit_spend(tgid, epoch);
	if (!here || ns > TIMED_MOST_NS)
		return 0;
	COUNT(here, timed);
	__sync_fetch_and_add(&here->count[HT_COUNT_timed_ns], ns);
	return 0;
}

/* false when this process is not watched, or by other links. */
static __always_inline bool hit_take(struct hit *hit, struct pt_regs *ctx, bool is_return)
{
	union {
		__u64 word;
		struct ht_cookie fields;
	} cookie;

	hit->tgid = tgid_here();
	hit->stats = stats_here();
	if (!hit->stats)
		return 0;
	hit->process = process_find(hit->tgid);
	if (!hit->process)
		return 0;
	/* not before the process is looked for: the verifier would go every way of that twice */
	hit->begin_ns = hit->stats->count[HT_COUNT_hits] % TIMED_HITS ? 0 : bpf_ktime_get_ns();
	cookie.word = bpf_get_attach_cookie(ctx);
	hit->cookie = cookie.fields;
	if (hit->cookie.everywhere != !!(hit->process->flags & HT_PROCESS_EVERYWHERE) ||
	    is_unused(hit->process, hit->cookie.probe))
		return 0;
	hit->epoch = hit->process->epoch;
	hit->rate_now = ht_rate_now % HT_NR_RATES;
	hit->rate = ht_rates[hit->rate_now];
	hit->args[0] = ctx->rdi;
	hit->args[1] = ctx->rsi;
	hit->args[2] = ctx->rdx;
	hit->args[3] = ctx->rcx;
	hit->sp = ctx->rsp;
	hit->fp = ctx->rbp;
	hit->rbx = ctx->rbx;
	hit->pc = ctx->rip;
	hit->result = ctx->rax;
	if (is_return)
		COUNT(hit->stats, returns);
	COUNT(hit->stats, hits);
	return 1;
}

/* Of a probe on an allocator function. */
static __always_inline bool hit_init(struct hit *hit, struct pt_regs *ctx, bool is_return)
{
	return ht_enabled == HT_ENABLED && hit_take(hit, ctx, is_return);
}

/* Of one on V8: its collections go on when those of the allocator have become too dear. */
static __always_inline bool hit_init_v8(struct hit *hit, struct pt_regs *ctx, bool is_return)
{
	return ht_enabled != HT_DISABLED && hit_take(hit, ctx, is_return);
}

/* Ends the program of a hit; returns @result. */
static __always_inline int hit_done(const struct hit *hit, int result)
{
	if (hit->begin_ns)
		hit_timed(hit->begin_ns, hit->tgid, hit->epoch);
	return result;
}

/* The return address of a call, at its entry site; 0 and counted when it cannot be read. */
static __always_inline __u64 caller_of(const struct hit *hit)
{
	__u64 caller = 0;

	if (bpf_probe_read_user(&caller, sizeof(caller),
				(void *)(hit->sp + 8 * hit->cookie.pushes)))
		loss_add(HT_LOSS_caller_unread);
	return caller;
}

/*
 * Did another probed function end in a jump to this one? Then it is in flight with the same stack
 * pointer at entry, and its return probe has replaced the return address by that of the process's
 * trampoline, which begins a page. Seen once, the trampoline tells without the table of calls.
 */
static __always_inline bool is_jumped_to(const struct hit *hit, __u64 caller)
{
	struct call *outer;

	if (hit->process->trampoline)
		return caller == hit->process->trampoline;
	outer = call_peek(hit->sp + 8 * hit->cookie.pushes);
	if (!outer || outer->caller == caller || caller % PAGE_SIZE)
		return 0;
	hit->process->trampoline = caller;
	return 1;
}

/* The same where nothing but a flag is read as long as no such call is in flight. */
static __always_inline bool jumped_here(const struct hit *hit)
{
	return hit->process->nr_forwarding > 0 && is_jumped_to(hit, caller_of(hit));
}

/* Is what lies @at bytes behind the beginning of the file's own code such of allocator number
 * @allocator? Global, so that the verifier looks at it once. */
int own_code_holds(__u32 allocator, __u64 at);

/* Is @caller the allocator's own code, seen from the probe at @site? */
static __always_inline bool is_own_code(const struct hit *hit, __u64 site, __u64 caller)
{
	return own_code_holds(hit->cookie.probe / HT_ALLOCATOR_PROBES,
			      caller - site + hit->cookie.site);
}

/* Was this call made by the allocator itself? At an entry site, where pc is the site. */
static __always_inline bool is_nested(const struct hit *hit)
{
	__u64 caller = caller_of(hit);

	if (!is_own_code(hit, hit->pc, caller) &&
	    (hit->process->nr_forwarding <= 0 || !is_jumped_to(hit, caller)))
		return 0;
	COUNT(hit->stats, nested);
	return 1;
}

/* Bytes asked for; false for a product so large that no allocator grants it. */
static __always_inline bool requested(const struct hit *hit, __u64 *ret)
{
	__u64 size = argument(hit, hit->cookie.arg_size), count;

	*ret = size;
	if (hit->cookie.arg_count == HT_ARG_NONE)
		return 1;
	count = argument(hit, hit->cookie.arg_count);
	*ret = size * count;
	return !count || size <= (1ULL << 63) / count;
}

static __always_inline bool is_sample(const struct hit *hit, __u64 size)
{
	return hit->rate <= 1 || sample_hit(size, hit->rate, hit->rate_now);
}

#endif
