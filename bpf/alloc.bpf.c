// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The probes on allocator functions: one program per call shape, told apart by attach cookie.
 *
 * Each shape comes as a session program (entry and return in one, the return skipped for what is
 * no sample) and as a pair for kernels without sessions. Both use the same steps. Which call is a
 * sample is decided at entry; the stack is taken at return, when it is known that the call worked,
 * from registers that are then the direct caller's own.
 *
 * Calls the allocator makes to itself (realloc to malloc) are part of the outer call: they are
 * known by their return address. A sample that falls on one is discarded, which biases nothing.
 */
#include "account.bpf.h"
#include "calls.bpf.h"
#include "hit.bpf.h"

extern bool bpf_session_is_return(void) __ksym __weak;
extern __u64 *bpf_session_cookie(void) __ksym __weak;

int own_code_holds(__u32 allocator, __u64 at)
{
	const struct ht_own_code *own = bpf_map_lookup_elem(&own_code, &allocator);

	for (__u32 i = 0; own && i < HT_OWN_RANGES && i < own->nr; i++) {
		if (at < own->ranges[i].begin)
			return 0;
		if (at < own->ranges[i].end)
			return 1;
	}
	return 0;
}

/* Enters the allocation that just returned to its direct caller, sampled at rate number @rate_now:
 * that of its entry, since the rate may have changed meanwhile. */
static __always_inline void allocated(const struct hit *hit, __u64 address, __u64 size,
				      __u32 rate_now)
{
	struct allocation a = {
		.process = hit->process,
		.address = address,
		.size = size,
		.weight = ht_weight(size, ht_rates[rate_now % HT_NR_RATES], ht_weight_table),
		.start = {.pc = hit->pc, .sp = hit->sp, .fp = hit->fp, .rbx = hit->rbx},
		.probe = hit->cookie.probe,
	};

	if (address)
		account_alloc(&a);
	else
		COUNT(hit->stats, failed);
}

/* Keeps the call for its return; NULL is counted. */
static __always_inline struct call *call_begin(const struct hit *hit, __u64 size, bool sampled)
{
	struct call *call = call_push(hit->sp, hit->cookie.probe);

	if (!call) {
		loss_add(HT_LOSS_calls_full);
		return NULL;
	}
	call->size = size;
	call->sampled = sampled;
	call->rate_now = hit->rate_now;
	call->taken = 0;
	call->caller = caller_of(hit);
	if (hit->cookie.forwards)
		__sync_fetch_and_add(&hit->process->nr_forwarding, 1);
	return call;
}

/* The call that ends here; NULL when none was kept. */
static __always_inline struct call *call_end(const struct hit *hit)
{
	struct call *call = call_pop(hit->sp - 8, hit->cookie.probe);

	if (call && hit->cookie.forwards)
		__sync_fetch_and_add(&hit->process->nr_forwarding, -1);
	return call;
}

/* The three programs of a call shape from its two steps, NAME_begins() and NAME_ends(). */
#define SHAPE_PROGRAMS(name)                                                                       \
	SEC("uprobe/" #name "_session")                                                            \
	int name##_session(struct pt_regs *ctx)                                                    \
	{                                                                                          \
		bool is_return = bpf_session_is_return();                                          \
		struct hit hit;                                                                    \
                                                                                                   \
		if (!hit_init(&hit, ctx, is_return))                                               \
			return 1;                                                                  \
		return hit_done(&hit, is_return ? name##_ends(&hit) : name##_begins(&hit));        \
	}                                                                                          \
	SEC("uprobe/" #name "_entry")                                                              \
	int name##_entry(struct pt_regs *ctx)                                                      \
	{                                                                                          \
		struct hit hit;                                                                    \
                                                                                                   \
		if (hit_init(&hit, ctx, 0)) {                                                      \
			name##_begins(&hit);                                                       \
			hit_done(&hit, 0);                                                         \
		}                                                                                  \
		return 0;                                                                          \
	}                                                                                          \
	SEC("uprobe/" #name "_return")                                                             \
	int name##_return(struct pt_regs *ctx)                                                     \
	{                                                                                          \
		struct hit hit;                                                                    \
                                                                                                   \
		if (hit_init(&hit, ctx, 1)) {                                                      \
			name##_ends(&hit);                                                         \
			hit_done(&hit, 0);                                                         \
		}                                                                                  \
		return 0;                                                                          \
	}

/* --- alloc: the size in registers, the result in rax ------------------------------------------ */

/* 1 when the call is a sample, with its size. */
static __always_inline bool alloc_begins(const struct hit *hit, __u64 *ret_size)
{
	COUNT(hit->stats, allocs);
	return requested(hit, ret_size) && is_sample(hit, *ret_size) && !is_nested(hit);
}

/* The session's own word carries the size and, above it, the number of the rate: no allocator
 * grants 2^58 bytes. But a call that may jump to another probed function must be in the table of
 * calls, whether it is a sample or not. */
#define NOT_SAMPLED   (~0ULL)
#define CARRIED_SHIFT 58

static __always_inline __u64 carry(const struct hit *hit, __u64 size)
{
	if (size >> CARRIED_SHIFT)
		size = (1ULL << CARRIED_SHIFT) - 1;
	return size | (__u64)(hit->rate_now & (HT_NR_RATES - 1)) << CARRIED_SHIFT;
}

/* Whether the allocator called itself shows at the return too, where the caller need not be read.
 */
static __always_inline int alloc_session_ends(struct hit *hit, struct pt_regs *ctx, __u64 carried)
{
	if (hit->cookie.forwards)
		call_end(hit);
	if (carried == NOT_SAMPLED)
		return 0;
	if (is_own_code(hit, bpf_get_func_ip(ctx), hit->pc))
		COUNT(hit->stats, nested);
	else
		allocated(hit, hit->result, carried & ((1ULL << CARRIED_SHIFT) - 1),
			  carried >> CARRIED_SHIFT);
	return 0;
}

static __always_inline int alloc_session_begins(struct hit *hit, __u64 *carried)
{
	__u64 size;
	bool sampled;

	COUNT(hit->stats, allocs);
	sampled = requested(hit, &size) && is_sample(hit, size) && !jumped_here(hit);
	*carried = sampled ? carry(hit, size) : NOT_SAMPLED;
	if (!hit->cookie.forwards)
		return !sampled;
	if (is_nested(hit))
		return 1;
	call_begin(hit, size, sampled);
	return 0;
}

SEC("uprobe/alloc_session")
int alloc_session(struct pt_regs *ctx)
{
	bool is_return = bpf_session_is_return();
	__u64 *carried = bpf_session_cookie();
	struct hit hit;

	if (!carried || !hit_init(&hit, ctx, is_return))
		return 1;
	return hit_done(&hit, is_return ? alloc_session_ends(&hit, ctx, *carried)
					: alloc_session_begins(&hit, carried));
}

SEC("uprobe/alloc_entry")
int alloc_entry(struct pt_regs *ctx)
{
	struct hit hit;
	__u64 size;
	bool sampled;

	if (!hit_init(&hit, ctx, 0))
		return 0;
	sampled = alloc_begins(&hit, &size);
	if (sampled || hit.cookie.forwards)
		call_begin(&hit, size, sampled);
	return hit_done(&hit, 0);
}

SEC("uprobe/alloc_return")
int alloc_return(struct pt_regs *ctx)
{
	struct call *call;
	struct hit hit;

	if (!hit_init(&hit, ctx, 1))
		return 0;
	call = call_end(&hit);
	if (call && call->sampled)
		allocated(&hit, hit.result, call->size, call->rate_now);
	return hit_done(&hit, 0);
}

/* --- alloc_out: posix_memalign, the result behind a pointer, 0 in rax --------------------------
 */

/* 1 when the return probe is not needed. */
static __always_inline int alloc_out_begins(const struct hit *hit)
{
	struct call *call;
	__u64 size;
	bool sampled = alloc_begins(hit, &size);

	if (!sampled && !hit->cookie.forwards)
		return 1;
	call = call_begin(hit, size, sampled);
	if (call)
		call->address = argument(hit, hit->cookie.arg_out);
	return !call;
}

static __always_inline int alloc_out_ends(const struct hit *hit)
{
	struct call *call = call_end(hit);
	__u64 address = 0;

	if (!call || !call->sampled)
		return 0;
	if (!(__u32)hit->result &&
	    bpf_probe_read_user(&address, sizeof(address), (void *)call->address))
		loss_add(HT_LOSS_calls_full);
	allocated(hit, address, call->size, call->rate_now);
	return 0;
}

SHAPE_PROGRAMS(alloc_out)

/* --- realloc: a free that counts only if the allocation worked ---------------------------------
 */

static __always_inline void realloc_key(const struct hit *hit, __u64 address,
					struct ht_live_key *ret)
{
	ret->tgid = hit->tgid;
	ret->epoch = hit->epoch;
	ret->address = address;
}

/*
 * The old entry is taken out at entry, since another thread may be given its address before the
 * return probe runs. 1 when the return probe is not needed: the old pointer was no sample and the
 * new one is none.
 */
static __always_inline int realloc_begins(const struct hit *hit)
{
	__u64 old = argument(hit, hit->cookie.arg_ptr), size;
	struct ht_live entry;
	struct ht_live_key key;
	struct call *call;
	bool sampled, taken;

	COUNT(hit->stats, allocs);
	if (!requested(hit, &size))
		return 1;
	realloc_key(hit, old, &key);
	sampled = is_sample(hit, size);
	taken = old && account_take(&key, &entry);
	if (!taken && !sampled && !(hit->cookie.forwards && !old))
		return 1;
	if (is_nested(hit)) {
		if (taken)
			account_put_back(&key, &entry);
		return 1;
	}
	call = call_begin(hit, size, sampled);
	if (!call) {
		if (taken)
			account_free(&entry);
		return 1;
	}
	call->address = old;
	call->taken = taken;
	if (taken)
		call->old = entry;
	return 0;
}

/* realloc(p, 0) frees p, whatever it returns; otherwise NULL means that p is still there. */
static __always_inline int realloc_ends(const struct hit *hit)
{
	struct call *call = call_end(hit);
	struct ht_live_key key;

	if (!call)
		return 0;
	if (call->taken && (hit->result || !call->size)) {
		account_free(&call->old);
	} else if (call->taken) {
		realloc_key(hit, call->address, &key);
		account_put_back(&key, &call->old);
	}
	if (call->sampled && (hit->result || call->size))
		allocated(hit, hit->result, call->size, call->rate_now);
	return 0;
}

SHAPE_PROGRAMS(realloc)

/* --- free: at its entry, before the address can be given out again -----------------------------
 */

SEC("uprobe/free_entry")
int free_entry(struct pt_regs *ctx)
{
	struct ht_live_key key;
	struct ht_live entry;
	struct hit hit;

	if (!hit_init(&hit, ctx, 0))
		return 0;
	key.address = argument(&hit, hit.cookie.arg_ptr);
	key.tgid = hit.tgid;
	key.epoch = hit.epoch;
	if (key.address) {
		COUNT(hit.stats, frees);
		if (account_take(&key, &entry))
			account_free(&entry);
	}
	return hit_done(&hit, 0);
}

/* --- nothing: what the traps alone cost --------------------------------------------------------
 */

SEC("uprobe/empty_session")
int empty_session(struct pt_regs *ctx)
{
	return 1;
}

SEC("uprobe/empty")
int empty(struct pt_regs *ctx)
{
	return 0;
}

/* --- for other files: only one of those that are linked may declare what the kernel has ---------
 */

__hidden bool session_is_return(void)
{
	return bpf_session_is_return();
}

__hidden __u64 *session_cookie(void)
{
	return bpf_session_cookie();
}
