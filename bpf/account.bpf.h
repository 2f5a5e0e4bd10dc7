/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * The books: outstanding allocations and the totals of their sites. Whatever probe or tracepoint
 * saw an allocation, it is entered and taken out here.
 */
#ifndef HEAPTAP_BPF_ACCOUNT_H
#define HEAPTAP_BPF_ACCOUNT_H

#include "maps.bpf.h"
#include "stack.bpf.h"

/* A sampled allocation on its way into the books. It lies on a BPF stack, of which the programs
 * have 512 bytes with all that they call: 6.1 counts them in steps of 32. */
struct allocation {
	struct ht_process *process;
	__u64 address, size;
	__u64 weight; /* 1/256 byte */
	struct stack_start start;
	__u32 probe;
	__u32 spare;
};

/* Enters the allocation and its stack. */
int account_alloc(struct allocation *a);

/* Books what happened at this stack and holds nothing: @bytes and @objects in the site's units. */
int account_event(struct allocation *a, __u64 bytes, __u64 objects);

/* The site of this stack, whose books are kept elsewhere; 0: no room for it. */
__u32 account_site(struct allocation *a);

/* Takes @key out of the live map without touching its site. 1 with *ret set, 0 if it is not
 * there. Between threads the successful delete decides who has it. */
int account_take(struct ht_live_key *key, struct ht_live *ret);

/* Puts back what was taken: the call that was to free it failed. */
int account_put_back(struct ht_live_key *key, struct ht_live *entry);

/* Books the free of what was taken. */
int account_free(struct ht_live *entry);

#endif
