/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BPF object in the kernel: map sizes, settings, loading, and how much memory its maps take.
 * The only place that knows the skeleton.
 */
#ifndef HEAPTAP_COLLECT_KERNEL_H
#define HEAPTAP_COLLECT_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/caps.h"
#include "collect/tables.h"
#include "heaptap/told.h"
#include "heaptap/v8.h"
#include "heaptap/wire.h"
#include "util/diag.h"

#define KERNEL_MAP_MEMORY_DEFAULT (64ULL << 20)
#define KERNEL_MAP_MEMORY_MIN	  (2ULL << 20)
#define KERNEL_MAP_MEMORY_MAX	  (64ULL << 30)

struct kernel_options {
	uint64_t rate;	     /* mean bytes between samples, 1 .. HT_RATE_MAX */
	bool governed;	     /* the rate may be raised, up to 64M */
	uint64_t map_memory; /* bytes all maps together may take at most */
	struct caps caps;
	uint32_t programs;   /* which are loaded: KERNEL_PROGRAMS_* */
	bool gc_stacks;	     /* the stack of every garbage collection */
	bool mmaps;	     /* what becomes of mappings is told too */
	bool pages;	     /* page faults may be sampled */
	bool empty_programs; /* attach programs that do nothing: what the traps cost */
	uint32_t copy_every; /* also copy the stack of every N-th sample; 0 = none */
	bool verbose;	     /* libbpf's own messages to stderr */
};

/* The programs by what they are attached to. */
enum kernel_program {
	PROGRAM_ALLOC,
	PROGRAM_ALLOC_OUT,
	PROGRAM_REALLOC,
	PROGRAM_FREE,
	PROGRAM_TOLD_ALLOC, /* told by the process: heaptap/told.h */
	PROGRAM_TOLD_FREE,
	PROGRAM_LOADER, /* the dynamic loader's hook for debuggers */
	PROGRAM_MOVES,	/* the beginning and the end of V8's collections */
	PROGRAM_GC_START,
	PROGRAM_GC_PERFORM,
	PROGRAM_GC_SIZE,
	PROGRAM_GC_STOP,
	PROGRAM_JS, /* where JavaScript allocates */
	PROGRAM_GC_CYCLE,
	NR_KERNEL_PROGRAMS,
};

#define KERNEL_PROGRAMS_MALLOC ((1u << PROGRAM_GC_START) - 1)
#define KERNEL_PROGRAMS_GC     ((1u << PROGRAM_JS) - (1u << PROGRAM_GC_START))
#define KERNEL_PROGRAMS_JS     (1u << PROGRAM_JS | 1u << PROGRAM_GC_CYCLE)

struct kernel;

/* Loads programs and maps; nothing is attached, nothing counts. 0 or -errno with @diag. */
int kernel_new(const struct kernel_options *options, struct diag *diag, struct kernel **ret);
void kernel_free(struct kernel *kernel);

/* Starts following exec and the end of threads, and what becomes of mappings. */
int kernel_attach_process_events(struct kernel *kernel);

/* Mappings are not followed any more. */
void kernel_detach_system_calls(struct kernel *kernel);

/* The program for one side of a call shape; NULL when that side needs none (a free's return, entry
 * and return where sessions are used). Owned by the kernel object. */
enum probe_side { SIDE_SESSION, SIDE_ENTRY, SIDE_RETURN, NR_PROBE_SIDES };
struct bpf_program;
struct bpf_program *kernel_program(const struct kernel *kernel, enum kernel_program program,
				   enum probe_side side);

/* From now on; calls in flight keep theirs. -ENOSPC after HT_NR_RATES changes. */
int kernel_set_rate(struct kernel *kernel, uint64_t rate);

/* The programs take hits from it, 64 at a time on each CPU, and wake whoever reads the event ring
 * when it falls to 0, with an HT_EVENT_SPENT. Set and read at any time, atomically. */
volatile int64_t *kernel_credit(const struct kernel *kernel);

/* Programs return at once until this is set. */
void kernel_enable(struct kernel *kernel, enum ht_enabled enabled);

/* An epoch (struct ht_live_key) nobody has. */
uint32_t kernel_epoch_next(struct kernel *kernel);

/* The HT_MAX_PROCESSES entries of the table of watched processes: collect/processes.h. */
struct ht_process *kernel_processes(const struct kernel *kernel);

/* The HT_MAX_ALLOCATORS entries of what is whose own code, written before probes are attached. */
struct ht_own_code *kernel_own_code(const struct kernel *kernel);

/* The HT_MAX_TOLD places of probes that processes have themselves, likewise. */
struct ht_told *kernel_told(const struct kernel *kernel);

/* The HT_MAX_V8 entries of the programs' table of V8s, written in place; one is free when its
 * blob_size is 0. */
struct ht_v8 *kernel_v8s(struct kernel *kernel);

/* Unit of the sites' variances: (base rate)^2 / 2^16 bytes squared. */
uint64_t kernel_base_rate(const struct kernel *kernel);

/* CLOCK_MONOTONIC of time_ms 0. */
uint64_t kernel_start_ns(const struct kernel *kernel);

/* Bytes of kernel memory the maps take when they are full. */
uint64_t kernel_map_bytes(const struct kernel *kernel);

/* Sites [0, *ret_nr) as the programs write them now; valid until kernel_free(). One whose key has
 * tgid 0 is nobody's, but for the first. */
const struct ht_site *kernel_sites(const struct kernel *kernel, uint32_t *ret_nr);

/* Gives the row of site @index, of a process image that is gone, to whoever needs one. */
int kernel_site_recycle(struct kernel *kernel, uint32_t index);

/* From now on execs of processes that are not watched are told of too. */
void kernel_tell_all_execs(struct kernel *kernel);

/* Sum over all CPUs. */
int kernel_stats(const struct kernel *kernel, struct ht_stats *ret);

/* File descriptor of the map of outstanding allocations: collect/live_map.h. */
int kernel_live_fd(const struct kernel *kernel);

/* File descriptor of the event ring, for ring_buffer__new(). */
int kernel_events_fd(const struct kernel *kernel);

/* Of the ring of struct ht_mapping_event; with kernel_options.mmaps. */
int kernel_mapping_events_fd(const struct kernel *kernel);

/* Of the ring of struct ht_page_event, and the program for samples of page faults; with
 * kernel_options.pages. */
int kernel_page_events_fd(const struct kernel *kernel);
int kernel_page_program_fd(const struct kernel *kernel);

/* The reader is about to read that ring, and is woken again when it fills. */
void kernel_page_events_rearm(struct kernel *kernel);

/* The program of task_info_read_by(). */
int kernel_task_info_fd(const struct kernel *kernel);

/* The maps that unwind tables go into. */
void kernel_tables_maps(const struct kernel *kernel, struct tables_maps *ret);

#endif
