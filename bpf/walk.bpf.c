// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * The steps of the walk: the rule of a pc from the cache or the tables, the stack through a window
 * that slides with the walk, so that a read from user memory serves many frames.
 *
 * What a frame seldom needs is in global functions: the verifier looks at those once, and not
 * wherever they are called. What each frame needs is inlined: where the kernel guards returns
 * against speculation, one return took a quarter of a step.
 */
#include "stack.bpf.h"
#include "tables.bpf.h"
#include "window.bpf.h"

#define MAPPING_STEPS 12 /* of a binary search in HT_MAX_MAPPINGS */
#define ROW_STEPS     12 /* in a page, which has at most one row a byte */
_Static_assert(HT_MAX_MAPPINGS < 1 << MAPPING_STEPS, "the search ends");
_Static_assert(1 << HT_UNWIND_PAGE_SHIFT < 1 << ROW_STEPS, "the search ends");

/*
 * Moves the window to where @address is, from the frame's stack pointer (a step reads nothing below
 * it) or the page's beginning up to the page's end: one read serves many frames, and never fails
 * for what lies behind. A word that is not aligned becomes window[0] and serves once.
 */
__noinline int window_move(struct stack_slot *slot, __u64 address)
{
	__u64 from = address & ~(PAGE_SIZE - 1ULL);
	__u32 size;

	if (!slot)
		return -1;
	slot->window_size = 0;
	if (address & 7) {
		slot->window_base = address;
		return bpf_probe_read_user(slot->window, sizeof(*slot->window), (void *)address);
	}
	if (slot->frame.sp > from && slot->frame.sp <= address && !(slot->frame.sp & 7))
		from = slot->frame.sp;
	size = PAGE_SIZE - (from & (PAGE_SIZE - 1));
	if (size > sizeof(slot->window) || bpf_probe_read_user(slot->window, size, (void *)from))
		return -1;
	slot->window_base = from;
	slot->window_size = size;
	return 0;
}

#define HT_UNWIND_READER struct stack_slot
#define HT_UNWIND_READ	 window_read
#include "heaptap/unwind_step.h"

static __always_inline struct ht_mapping *mapping_find(struct stack_slot *slot, __u64 pc)
{
	slot->low = 0;
	slot->high = HT_MAPSET_NR(slot->set);
	for (int i = 0; i < MAPPING_STEPS; i++) {
		__u32 low = slot->low, high = slot->high, middle = (low + high) / 2;
		__u32 index = HT_MAPSET_FIRST(slot->set) + middle;
		struct ht_mapping *mapping;

		if (low >= high)
			return NULL;
		mapping = bpf_map_lookup_elem(&mappings, &index);
		if (!mapping)
			return NULL;
		if (pc < mapping->start)
			slot->high = middle;
		else if (pc >= mapping->end)
			slot->low = middle + 1;
		else
			return mapping;
	}
	return NULL;
}

static __always_inline __u64 *word_at(__u32 index)
{
	__u32 chunk = index >> HT_CHUNK_SHIFT, at = index & (HT_CHUNK_WORDS - 1);
	void *inner = bpf_map_lookup_elem(&chunks, &chunk);

	return inner ? bpf_map_lookup_elem(inner, &at) : NULL;
}

/* The rule of the last row at or before @address in page @page; 0 when something is missing. */
static __always_inline __u32 row_find(struct stack_slot *slot, __u64 page, __u32 address)
{
	__u64 *row;

	slot->low = HT_PAGE_FIRST(page);
	slot->high = HT_PAGE_LAST(page);
	for (int i = 0; i < ROW_STEPS; i++) {
		__u32 low = slot->low, high = slot->high;
		__u32 middle = low + (high - low + 1) / 2;

		if (low >= high)
			break;
		row = word_at(middle);
		if (!row)
			return 0;
		if (HT_ROW_ADDRESS(*row) <= address)
			slot->low = middle;
		else
			slot->high = middle - 1;
	}
	row = word_at(slot->low);
	return row ? HT_ROW_RULE(*row) : 0;
}

/* The pc to look up: a return address may be the first of the next function. */
static __always_inline __u64 pc_of(const struct ht_frame *frame)
{
	return frame->pc - !frame->exact;
}

/* The rule of the frame by the tables, or -1 when its pc lies in no mapping. */
static __always_inline int table_lookup(struct stack_slot *slot)
{
	__u64 pc = pc_of(&slot->frame), address, *page;
	__u32 rule;
	struct ht_mapping *mapping = mapping_find(slot, pc);

	if (!mapping)
		return -1;
	address = pc - mapping->bias;
	if (address >> HT_UNWIND_PAGE_SHIFT >= mapping->nr_pages)
		return mapping->nr_pages || mapping->pages ? HT_RULE_UNKNOWN : HT_RULE_GENERATED;
	page = word_at(mapping->pages + (address >> HT_UNWIND_PAGE_SHIFT));
	rule = page ? row_find(slot, *page, address) : 0;
	if (rule == HT_RULE_NONE && slot->v8 &&
	    javascript_is_interpreter(slot, mapping->pages, address))
		return HT_RULE_INTERPRETER;
	return rule;
}

/* The cache's entry for the frame; *ret_tag is what it holds, rule aside, when it has its rule. */
static __always_inline __u64 *cache_entry(const struct stack_slot *slot, __u64 *ret_tag)
{
	__u64 pc = pc_of(&slot->frame);
	__u32 version = HT_MAPSET_VERSION(slot->set);
	__u32 index = (pc ^ pc >> 16 ^ version * HT_PC_CACHE_MIX) & 0xffff;

	*ret_tag = pc >> 16 << 33 | (__u64)version << 16;
	return bpf_map_lookup_elem(&pc_cache, &index);
}

/* The frame's rule, which the cache has from now on; -1 when its pc lies in no mapping. */
__noinline int rule_load(struct stack_slot *slot)
{
	__u64 *cached, tag;
	int rule;

	if (!slot)
		return -1;
	cached = cache_entry(slot, &tag);
	rule = table_lookup(slot);
	if (cached && rule >= 0)
		*(volatile __u64 *)cached = tag | rule;
	return rule;
}

static __always_inline int rule_find(struct stack_slot *slot)
{
	__u64 tag, word, *cached = cache_entry(slot, &tag);

	if (!cached)
		return -1;
	word = *(volatile __u64 *)cached;
	return word >> 16 << 16 == tag ? (int)(word & 0xffff) : rule_load(slot);
}

/* One frame on: slot->frame becomes the caller's. */
static __always_inline int step(struct stack_slot *slot)
{
	union {
		__u64 word;
		struct ht_rule rule;
	} * entry;
	int rule = rule_find(slot);
	__u32 index = rule;

	if (rule < 0)
		return STEP_NO_TABLE;
	entry = bpf_map_lookup_elem(&rules, &index);
	if (!entry)
		return HT_STEP_BAD_RULE;
	if ((rule == HT_RULE_GENERATED || rule == HT_RULE_INTERPRETER) && slot->v8)
		javascript_frame(slot, rule == HT_RULE_GENERATED);
	return ht_unwind_step(&slot->frame, entry->rule, slot);
}

int walk_frames(struct stack_slot *slot)
{
	int result;

	if (!slot)
		return STEP_NO_TABLE;
	for (int i = 0; i < FRAMES_AT_ONCE; i++) {
		__u32 n;

		result = step(slot);
		if (result)
			return result;
		n = slot->nr_pcs;
		OPAQUE(n);
		if (n >= HT_MAX_FRAMES)
			break;
		slot->event.pcs[n] = slot->frame.pc;
		slot->hash = stack_hash_add(slot->hash, slot->frame.pc);
		slot->nr_pcs = n + 1;
	}
	return HT_STEP_CALLER;
}
