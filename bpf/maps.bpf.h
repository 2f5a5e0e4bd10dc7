/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Every map and every setting, declared; defined in maps.bpf.c alone. Sizes given here are the
 * defaults: user space sets those of live, sites, site_index, scratch and events before loading.
 */
#ifndef HEAPTAP_BPF_MAPS_H
#define HEAPTAP_BPF_MAPS_H

#include "ktypes.h"
#include "heaptap/v8.h"
#include "heaptap/wire.h"

/* Written by user space before loading or, marked volatile, at any time. */
extern volatile __u8 ht_enabled; /* enum ht_enabled; HT_DISABLED: every program returns at once */
extern volatile __u64 ht_rates[HT_NR_RATES]; /* mean bytes between samples; 1 = all */
extern volatile __u32 ht_rate_now;	     /* which of them is in use; an entry once used stays */
extern const volatile __u64 ht_base_rate;    /* unit of the variances */
extern volatile __u64 ht_start_ns;	     /* CLOCK_MONOTONIC when the recording began */
extern const volatile __u64 ht_pid_ns_dev, ht_pid_ns_ino; /* ours, unless it is the first one */
extern const volatile __u32 ht_nr_sites;
extern const volatile __u32 ht_nr_slots;   /* scratch slots of all CPUs */
extern const volatile __u32 ht_copy_every; /* also copy the stack of every N-th sample; 0 = none */
extern volatile __u32 ht_next_site;	   /* site 0 collects what found no place */
extern volatile bool ht_all_execs;	   /* of processes that are not watched too */
extern volatile __u32 ht_pages_woken;	   /* the reader of page_events, since it looked last */
extern volatile __s64 ht_credit;	   /* hits until user space is woken; below: it was */
extern volatile __u32 ht_last_epoch;	   /* of struct ht_live_key, given to an exec or a child */

struct live_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct ht_live_key);
	__type(value, struct ht_live);
};
extern struct live_map live SEC(".maps");

struct site_index_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct ht_site_key);
	__type(value, __u32);
};
extern struct site_index_map site_index SEC(".maps");

struct sites_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ht_site);
};
extern struct sites_map sites SEC(".maps");

/* Rows of sites that may be taken again. */
struct free_sites_map {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1);
	__uint(value_size, sizeof(__u32));
};
extern struct free_sites_map free_sites SEC(".maps");

struct processes_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, HT_MAX_PROCESSES);
	__type(key, __u32);
	__type(value, struct ht_process);
};
extern struct processes_map processes SEC(".maps");

struct own_code_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, HT_MAX_ALLOCATORS);
	__type(key, __u32);
	__type(value, struct ht_own_code);
};
extern struct own_code_map own_code SEC(".maps");

struct v8s_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, HT_MAX_V8);
	__type(key, __u32);
	__type(value, struct ht_v8);
};
extern struct v8s_map v8s SEC(".maps");

/* Sites that were met lately, by the low bits of their hash: saves the search in site_index. */
#define SITE_CACHE_SIZE 16384
struct site_cache_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SITE_CACHE_SIZE);
	__type(key, __u32);
	__type(value, __u32);
};
extern struct site_cache_map site_cache SEC(".maps");

struct events_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};
extern struct events_map events SEC(".maps");

/* heaptap/mappings.h; only with --with-mmap. */
extern struct events_map mapping_events SEC(".maps");

/* heaptap/pages.h; only with the source page. */
extern struct events_map page_events SEC(".maps");

struct stats_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ht_stats);
};
extern struct stats_map stats SEC(".maps");

/* Global: not every machine's programs need it. */
int tgid_in_namespace(void);

/* The number of the current process as user space knows it; 0 for one of another pid namespace. */
static __always_inline __u32 tgid_here(void)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (ht_pid_ns_ino)
		tgid = tgid_in_namespace();
	OPAQUE(tgid);
	return tgid;
}

/* NULL when the process is not watched. */
static __always_inline struct ht_process *process_find(__u32 tgid)
{
	__u32 slot = ht_process_slot(tgid);

	for (int i = 0; i < HT_PROCESS_PROBES; i++) {
		__u32 index = (slot + i) % HT_MAX_PROCESSES;
		struct ht_process *process = bpf_map_lookup_elem(&processes, &index);

		if (!process || !process->tgid)
			return NULL;
		if (process->tgid == tgid)
			return process;
	}
	return NULL;
}

/*
 * The counters of this CPU. Uprobe programs can be interrupted by another task on the same CPU, so
 * they are added to atomically although they are per CPU.
 */
static __always_inline struct ht_stats *stats_here(void)
{
	return bpf_map_lookup_elem(&stats, &(__u32){0});
}

#define COUNT(stats, which) __sync_fetch_and_add(&(stats)->count[HT_COUNT_##which], 1)

static __always_inline void loss_add(enum ht_loss which)
{
	struct ht_stats *s = stats_here();

	if (s)
		__sync_fetch_and_add(&s->loss[which], 1);
}

/* Tells of a process. With @hold it is stopped, for the reader of the event to continue it: never
 * without an event that will be read. */
static __always_inline void event_tell(__u32 kind, __u32 tgid, __u32 epoch, bool hold)
{
	struct ht_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		loss_add(HT_LOSS_event_lost);
		return;
	}
	event->kind = kind;
	event->tgid = tgid;
	event->epoch = epoch;
	event->time_ns = bpf_ktime_get_ns();
	event->held = hold && !bpf_send_signal(SIGSTOP);
	bpf_ringbuf_submit(event, 0);
}

/* May @size bytes that are not about a process go into the ring? */
static __always_inline bool ring_has_room(__u64 size)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) + size + HT_RING_KEPT <=
	       bpf_ringbuf_query(&events, BPF_RB_RING_SIZE);
}

static __always_inline __u32 epoch_next(void)
{
	return __sync_fetch_and_add(&ht_last_epoch, 1) + 1;
}

static __always_inline __u32 time_ms(void)
{
	return (bpf_ktime_get_ns() - ht_start_ns) / 1000000;
}

#endif
