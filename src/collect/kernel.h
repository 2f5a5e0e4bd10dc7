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
#include "heaptap/v8.h"
#include "heaptap/wire.h"
#include "util/diag.h"

#define KERNEL_MAP_MEMORY_DEFAULT (64ULL << 20)
#define KERNEL_MAP_MEMORY_MIN	  (2ULL << 20)
#define KERNEL_MAP_MEMORY_MAX	  (64ULL << 30)

struct kernel_options {
	uint64_t rate;	     /* mean bytes between samples, 1 .. HT_RATE_MAX */
	uint64_t map_memory; /* bytes all maps together may take at most */
	struct caps caps;
	uint32_t programs;   /* which are loaded: KERNEL_PROGRAMS_* */
	bool gc_stacks;	     /* the stack of every garbage collection */
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
	PROGRAM_LOADER, /* the dynamic loader's hook for debuggers */
	PROGRAM_GC_START,
	PROGRAM_GC_PERFORM,
	PROGRAM_GC_SIZE,
	PROGRAM_GC_STOP,
	PROGRAM_JS, /* where JavaScript allocates */
	NR_KERNEL_PROGRAMS,
};

#define KERNEL_PROGRAMS_MALLOC ((1u << PROGRAM_GC_START) - 1)
#define KERNEL_PROGRAMS_GC     ((1u << PROGRAM_JS) - (1u << PROGRAM_GC_START))
#define KERNEL_PROGRAMS_JS     (1u << PROGRAM_JS)

struct kernel;

/* Loads programs and maps; nothing is attached, nothing counts. 0 or -errno with @diag. */
int kernel_new(const struct kernel_options *options, struct diag *diag, struct kernel **ret);
void kernel_free(struct kernel *kernel);

/* Starts following exec and the end of threads. */
int kernel_attach_process_events(struct kernel *kernel);

/* The program for one side of a call shape; NULL when that side needs none (a free's return, entry
 * and return where sessions are used). Owned by the kernel object. */
enum probe_side { SIDE_SESSION, SIDE_ENTRY, SIDE_RETURN, NR_PROBE_SIDES };
struct bpf_program;
struct bpf_program *kernel_program(const struct kernel *kernel, enum kernel_program program,
				   enum probe_side side);

/* Programs return at once until this is set. */
void kernel_enable(struct kernel *kernel, bool enabled);

int kernel_watch(struct kernel *kernel, uint32_t tgid, uint32_t epoch);
void kernel_unwatch(struct kernel *kernel, uint32_t tgid);

/* Sets HT_PROCESS_* @flags of a watched process. */
int kernel_set_flags(struct kernel *kernel, uint32_t tgid, uint8_t flags);

/* The HT_MAX_V8 entries of the programs' table of V8s, written in place; one is free when its
 * blob_size is 0. */
struct ht_v8 *kernel_v8s(struct kernel *kernel);

/* The frames of @tgid are those of the V8 in entry @v8 - 1. */
int kernel_set_v8(struct kernel *kernel, uint32_t tgid, uint16_t v8);

/* Unit of the sites' variances: (base rate)^2 / 2^16 bytes squared. */
uint64_t kernel_base_rate(const struct kernel *kernel);

/* CLOCK_MONOTONIC of time_ms 0. */
uint64_t kernel_start_ns(const struct kernel *kernel);

/* Bytes of kernel memory the maps take when they are full. */
uint64_t kernel_map_bytes(const struct kernel *kernel);

/* Sites [0, *ret_nr) as the programs write them now; valid until kernel_free(). */
const struct ht_site *kernel_sites(const struct kernel *kernel, uint32_t *ret_nr);

/* Sum over all CPUs. */
int kernel_stats(const struct kernel *kernel, struct ht_stats *ret);

/* Calls @visit for every outstanding allocation; stops when it returns non-zero. */
int kernel_live_each(const struct kernel *kernel,
		     int (*visit)(const struct ht_live_key *key, const struct ht_live *entry,
				  void *arg),
		     void *arg);

/* File descriptor of the event ring, for ring_buffer__new(). */
int kernel_events_fd(const struct kernel *kernel);

/* The maps that unwind tables go into. */
void kernel_tables_maps(const struct kernel *kernel, struct tables_maps *ret);

/* The generation of a watched process's mappings, to be read before they are: what is published for
 * it is stale once the programs have seen something go. -ESRCH when it is not watched. */
int kernel_generation(const struct kernel *kernel, uint32_t tgid, uint32_t *ret);

/* From now on its stacks are walked with @mapset, see tables_publish(). */
int kernel_set_mapset(struct kernel *kernel, uint32_t tgid, uint64_t mapset);

#endif
