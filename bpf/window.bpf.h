/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * Reading the stack through the window of a slot: memory of the task that was read at once and
 * serves many frames.
 */
#ifndef HEAPTAP_BPF_WINDOW_H
#define HEAPTAP_BPF_WINDOW_H

#include "stack.bpf.h"

/* Makes the window hold @address, see walk.bpf.c. -1 when it cannot be read. */
int window_move(struct stack_slot *slot, __u64 address);

/* *value = the 8 bytes at @address. */
static __always_inline int window_read(struct stack_slot *slot, __u64 address, __u64 *value)
{
	if ((address & 7 || address - slot->window_base >= slot->window_size) &&
	    window_move(slot, address))
		return -1;
	*value = slot->window[(address - slot->window_base) / 8 & (WINDOW_WORDS - 1)];
	return 0;
}

#endif
