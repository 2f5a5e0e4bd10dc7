/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking a copied stack with unwind tables: for samples the kernel could not walk itself. The step
 * is the kernel's own, from heaptap/unwind.h; nothing but the copy is read.
 *
 * A stack is complete only when it ended where its code says that it begins; registers and copy may
 * be any garbage, and cost at most HT_MAX_FRAMES steps.
 */
#ifndef HEAPTAP_UNWIND_WALK_H
#define HEAPTAP_UNWIND_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "heaptap/unwind.h"
#include "heaptap/wire.h"

struct unwind_table;

/* The bytes at [address, address + size) of the process. */
struct unwind_stack {
	uint64_t address;
	const void *bytes;
	size_t size;
};

/*
 * Which table covers @pc: false when it is in no executable mapping; *ret_table NULL when it is in
 * one without a table (anonymous, or its file could not be read); otherwise *ret_vaddr is the pc as
 * linked. Called with the byte before a return address.
 */
struct unwind_finder {
	bool (*find)(void *data, uint64_t pc, const struct unwind_table **ret_table,
		     uint64_t *ret_vaddr);
	void *data;
};

/*
 * pcs[0] becomes @start's pc, then come return addresses (behind a signal frame the interrupted
 * pc), leaf first. An address in no mapping is left out, but for the first, and ends the walk with
 * HT_STACK_no_table. @start says by exact whether its pc is a return address itself. Returns how
 * many pcs there are, at least 1.
 */
uint32_t unwind_walk(const struct ht_frame *start, const struct unwind_stack *stack,
		     const struct unwind_finder *finder, uint64_t pcs[HT_MAX_FRAMES],
		     enum ht_stack_end *ret_end);

#endif
