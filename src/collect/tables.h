/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unwind tables in the kernel: one per mapped object however many processes map it, and for each
 * process a set of mappings that refers to them. A published set is never changed; a new one takes
 * its place with a single store.
 */
#ifndef HEAPTAP_COLLECT_TABLES_H
#define HEAPTAP_COLLECT_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "proc/space.h"
#include "unwind/table.h"

/* File descriptors of the BPF maps, see bpf/tables.bpf.h, and what they hold at most. */
struct tables_maps {
	int mappings, chunks, rules, pc_cache;
	uint32_t nr_mappings, nr_chunks, nr_rules;
};

struct tables;

/* The descriptors stay the caller's. 0 or -errno. */
int tables_new(const struct tables_maps *maps, struct tables **ret);
void tables_free(struct tables *tables);

/*
 * Loads the tables of what @space maps now and makes the set of its mappings for process @tgid,
 * valid for @generation (struct ht_process): *ret_mapset is what the programs are to be given. The
 * set of the process before may be in use until then. Generated code is stepped through by frame
 * pointers; in an object without a readable table a walk ends. 0 or -errno.
 */
int tables_publish(struct tables *tables, const struct space *space, uint32_t tgid,
		   uint32_t generation, uint64_t *ret_mapset);

/* Process @tgid has ended: its set of mappings may be overwritten. */
void tables_leave(struct tables *tables, uint32_t tgid);

/* The table for @pc in @space with the pc as linked; NULL when its code was generated. -ENOENT when
 * it lies in no live mapping. */
int tables_find(const struct tables *tables, const struct space *space, uint64_t pc,
		const struct unwind_table **ret_table, uint64_t *ret_vaddr);

/* Where in the kernel the table of @object is: the word index of its page table, and the vaddr that
 * its rows count from. -ENOENT when it is not there. */
int tables_place(const struct tables *tables, const struct object *object, uint32_t *ret_pages,
		 uint64_t *ret_base);

struct tables_stats {
	uint32_t nr_objects;  /* with a table */
	uint32_t nr_without;  /* objects that have no usable .eh_frame */
	uint32_t nr_no_room;  /* objects left out because table memory is full */
	uint64_t rows, bytes; /* in the kernel, without the arrays of fixed size */
	uint64_t load_ns;     /* spent loading tables */
};
void tables_stats(const struct tables *tables, struct tables_stats *ret);

#endif
