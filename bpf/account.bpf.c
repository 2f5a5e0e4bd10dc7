// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Entering allocations into the live map and the totals of their sites, and taking them out.
 *
 * Invariant: for every site, alloc - freed is the sum over its entries in the live map. What finds
 * no place in the live map is therefore booked as allocated and as freed at once, and counted.
 */
#include "account.bpf.h"
#include "copy.bpf.h"
#include "heaptap/mappings.h"
#include "heaptap/sampling.h"

static __always_inline struct ht_site *site_at(__u32 index)
{
	return bpf_map_lookup_elem(&sites, &index);
}

/* Global, as what calls it from several places must be: the verifier looks at it once. */
int account_free(struct ht_live *entry)
{
	struct ht_contribution c;
	struct ht_site *site;

	if (!entry)
		return 0;
	site = site_at(entry->site);
	if (!site)
		return 0;
	ht_contribution(entry->size, entry->weight, ht_base_rate, &c);
	__sync_fetch_and_add(&site->freed_bytes, c.bytes);
	__sync_fetch_and_add(&site->freed_objects, c.objects);
	if (c.var)
		__sync_fetch_and_add(&site->freed_var, c.var);
	return 0;
}

int account_take(struct ht_live_key *key, struct ht_live *ret)
{
	struct ht_live_key copy; /* 6.1 takes keys from a map or the own stack alone */
	struct ht_live *entry;

	if (!key || !ret)
		return 0;
	copy = *key;
	entry = bpf_map_lookup_elem(&live, &copy);
	if (!entry)
		return 0;
	*ret = *entry;
	return bpf_map_delete_elem(&live, &copy) == 0;
}

/* Insert; an entry already there is one whose free was missed. */
static __noinline int live_insert(struct ht_live_key *key, struct ht_live *entry)
{
	struct ht_live stale;
	long err = bpf_map_update_elem(&live, key, entry, BPF_NOEXIST);

	if (!err)
		return 0;
	if (account_take(key, &stale)) {
		loss_add(HT_LOSS_free_missed);
		account_free(&stale);
		err = bpf_map_update_elem(&live, key, entry, BPF_ANY);
	}
	if (err) {
		loss_add(HT_LOSS_live_full);
		account_free(entry);
	}
	return 0;
}

__hidden int account_put_back(struct ht_live_key *key, struct ht_live *entry)
{
	return live_insert(key, entry);
}

/* A row of the sites array that nobody uses: one that was given back, or the next. 0 = no room. */
static __always_inline __u32 site_take(void)
{
	__u32 index = 0;

	if (!bpf_map_pop_elem(&free_sites, &index))
		return index;
	if (ht_next_site >= ht_nr_sites)
		return 0;
	index = __sync_fetch_and_add(&ht_next_site, 1);
	return index < ht_nr_sites ? index : 0;
}

/* A new row for @key, or that of a CPU that was faster. 0 = no room. */
static __noinline __u32 site_new(struct ht_site_key *key)
{
	__u32 index = site_take(), *other;
	struct ht_site *site = site_at(index);

	if (!index || !site)
		return 0;
	site->key = *key;
	site->first_ms = time_ms();
	if (!bpf_map_update_elem(&site_index, key, &index, BPF_NOEXIST))
		return index;
	site->key.tgid = 0;
	bpf_map_push_elem(&free_sites, &index, BPF_ANY);
	other = bpf_map_lookup_elem(&site_index, key);
	return other ? *other : 0;
}

static __always_inline void event_fill(struct ht_event *event, __u32 kind,
				       struct ht_process *process)
{
	event->kind = kind;
	event->tgid = process->tgid;
	event->epoch = process->epoch;
	event->time_ns = bpf_ktime_get_ns();
}

/* Sends the JavaScript frames of the stack that follows. */
static __noinline int javascript_send(struct ht_js_event *js, struct ht_process *process,
				      __u32 index)
{
	__u32 nr = js->head.nr_frames;

	OPAQUE(nr);
	if (nr > HT_MAX_JS_FRAMES || !ring_has_room(HT_JS_EVENT_SIZE(nr)))
		return -1;
	event_fill(&js->head.event, HT_EVENT_JS, process);
	js->head.site = index;
	return bpf_ringbuf_output(&events, js, HT_JS_EVENT_SIZE(nr), 0);
}

/* A stack event with room for the direct caller, small enough for the BPF stack. */
struct caller_event {
	struct ht_stack_event_head head;
	__u64 caller;
};

/* The stack is the direct caller alone. */
static __noinline int caller_send(struct allocation *a, __u32 index)
{
	struct caller_event event = {
		.head = {.site = index, .nr_pcs = 1, .end = HT_STACK_busy, .probe = a->probe},
		.caller = a->start.pc + a->start.exact,
	};

	event_fill(&event.head.event, HT_EVENT_STACK, a->process);
	event.head.event.moment = HT_MOMENT(0, a->process->generation);
	if (!ring_has_room(sizeof(event)))
		return -1;
	return bpf_ringbuf_output(&events, &event, sizeof(event), 0);
}

static __noinline int stack_send(struct allocation *a, struct stack_slot *slot, __u32 index)
{
	struct ht_stack_event *event = &slot->event;
	__u32 nr = event->head.nr_pcs;

	if (slot->js.head.nr_frames && javascript_send(&slot->js, a->process, index))
		return -1;
	OPAQUE(nr);
	if (nr > HT_MAX_FRAMES)
		return -1;
	event_fill(&event->head.event, HT_EVENT_STACK, a->process);
	event->head.site = index;
	event->head.probe = a->probe;
	if (!ring_has_room(HT_STACK_EVENT_SIZE(nr)))
		return -1;
	return bpf_ringbuf_output(&events, event, HT_STACK_EVENT_SIZE(nr), 0);
}

/* Where @key was met last, or 0: in an entry of the cache that may also belong to another site,
 * which another CPU may put there any time: what is compared must be what is returned. */
static __always_inline __u32 site_cached(const struct ht_site_key *key, __u32 **ret_entry)
{
	__u32 slot = key->stack_hash % SITE_CACHE_SIZE;
	__u32 *entry = bpf_map_lookup_elem(&site_cache, &slot);
	__u32 index = entry ? *(volatile __u32 *)entry : 0;
	struct ht_site *site;

	*ret_entry = entry;
	if (!index)
		return 0;
	site = site_at(index);
	if (!site || site->key.stack_hash != key->stack_hash || site->key.tgid != key->tgid ||
	    site->key.epoch != key->epoch)
		return 0;
	return index;
}

static __always_inline __u32 site_find(struct ht_site_key *key)
{
	__u32 *entry, *known, index = site_cached(key, &entry);

	if (index)
		return index;
	known = bpf_map_lookup_elem(&site_index, key);
	index = known ? *known : site_new(key);
	if (entry)
		*entry = index;
	return index;
}

/* The site of the stack in @slot, of the direct caller alone when that is NULL. The stack of a new
 * one is sent; when the ring is full the site's next sample tries again. */
static __noinline __u32 site_of(struct allocation *a, __u64 hash, struct stack_slot *slot)
{
	struct ht_site_key key = {
		.stack_hash = stack_hash_add(hash, a->probe),
		.tgid = a->process->tgid,
		.epoch = a->process->epoch,
	};
	__u32 index = site_find(&key);
	struct ht_site *site = site_at(index);

	if (!index)
		loss_add(HT_LOSS_site_full);
	else if (site && !site->sent &&
		 !(slot ? stack_send(a, slot, index) : caller_send(a, index)))
		site->sent = 1;
	return index;
}

static __always_inline void count_stack(__u32 end)
{
	struct ht_stats *here = stats_here();

	OPAQUE(end);
	if (here && end < HT_NR_STACK_ENDS)
		__sync_fetch_and_add(&here->ends[end], 1);
	if (end == HT_STACK_truncated)
		loss_add(HT_LOSS_stack_truncated);
	else if (end != HT_STACK_complete)
		loss_add(HT_LOSS_stack_incomplete);
}

/* No scratch slot was free. */
static __noinline __u32 site_of_caller(struct allocation *a)
{
	loss_add(HT_LOSS_scratch_busy);
	return site_of(a, stack_hash_add(a->start.pc, HT_STACK_busy), NULL);
}

/* Can a raw copy of the stack give what the walk could not? */
static __always_inline bool is_worth_copying(__u32 end)
{
	return end == HT_STACK_no_table || end == HT_STACK_stale || end == HT_STACK_bad_rule;
}

/* Every ht_copy_every-th stack is copied too, for tests. */
static __always_inline bool is_copied(void)
{
	struct ht_stats *here = stats_here();

	return here && COUNT(here, walks) % ht_copy_every == 0;
}

/* How the walk ended. Of a system call inside a function with a return probe it ends there, at the
 * trampoline, which begins a page: that is an allocator's, and more nobody needs to know. */
static __always_inline __u32 end_of_walk(const struct allocation *a, const struct stack_slot *slot)
{
	__u32 end = slot->event.head.end;

	if (end == HT_STACK_no_table && a->probe >= HT_PROBE_MMAP && a->probe <= HT_PROBE_BRK &&
	    !(slot->frame.pc & (PAGE_SIZE - 1)))
		return HT_STACK_complete;
	return end;
}

/* The site of the stack that is walked now. */
static __noinline __u32 site_here(struct allocation *a)
{
	struct stack_slot *slot = stack_claim();
	__u32 index, end;
	bool copy = 0;
	__u64 hash;

	if (!slot)
		return site_of_caller(a);
	maps_watch(a->process, a->process->tgid);
	stack_walk(slot, &a->start, a->process);
	hash = slot->hash;
	end = end_of_walk(a, slot);
	count_stack(end);
	if (is_worth_copying(end)) {
		maps_ask(a->process, a->process->tgid);
		copy = copy_allowed(a->process);
		if (copy)
			hash = stack_hash_add(hash, bpf_ktime_get_ns());
	}
	if (ht_copy_every)
		copy = is_copied();
	index = site_of(a, hash, slot);
	stack_release(slot);
	if (copy && index)
		copy_stack(&a->start, a->process, a->process->epoch, index);
	return index;
}

static __always_inline void count_sample(void)
{
	struct ht_stats *here = stats_here();

	if (here)
		COUNT(here, samples);
}

__hidden int account_alloc(struct allocation *a)
{
	struct ht_live_key key = {
		.tgid = a->process->tgid, .epoch = a->process->epoch, .address = a->address};
	struct ht_live entry = {.size = a->size, .weight = a->weight};
	struct ht_contribution c;
	struct ht_site *site;

	entry.site = site_here(a);
	entry.time_ms = time_ms();
	site = site_at(entry.site);
	if (!site)
		return 0;
	ht_contribution(a->size, a->weight, ht_base_rate, &c);
	__sync_fetch_and_add(&site->alloc_bytes, c.bytes);
	__sync_fetch_and_add(&site->alloc_objects, c.objects);
	if (c.var)
		__sync_fetch_and_add(&site->alloc_var, c.var);
	__sync_fetch_and_add(&site->samples, 1);
	site->last_ms = entry.time_ms;
	count_sample();
	return live_insert(&key, &entry);
}

__hidden int account_event(struct allocation *a, __u64 bytes, __u64 objects)
{
	struct ht_site *site = site_at(site_here(a));

	if (!site)
		return 0;
	__sync_fetch_and_add(&site->alloc_bytes, bytes);
	__sync_fetch_and_add(&site->alloc_objects, objects);
	__sync_fetch_and_add(&site->samples, 1);
	site->last_ms = time_ms();
	count_sample();
	return 0;
}

__hidden __u32 account_site(struct allocation *a)
{
	__u32 index = site_here(a);
	struct ht_site *site = site_at(index);

	if (!site)
		return 0;
	__sync_fetch_and_add(&site->samples, 1);
	site->last_ms = time_ms();
	count_sample();
	return index;
}
