/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the tables cannot do: the raw stack goes to user space, which knows more or will in a
 * moment, and user space is told that mappings have changed. Both are limited in rate, since they
 * cost more than any walk.
 */
#ifndef HEAPTAP_BPF_COPY_H
#define HEAPTAP_BPF_COPY_H

#include "maps.bpf.h"
#include "stack.bpf.h"

/* Each copy makes a site of its own: samples that only look alike so far are not mixed. */
#define COPIES_MAX	 4096
#define COPY_INTERVAL_NS 5000000ULL /* 200 a second */
#define COPY_BURST	 64
#define ASK_INTERVAL_NS	 2000000ULL

bool copy_allowed(struct ht_process *process);
int copy_stack(struct stack_start *start, struct ht_process *process, __u32 epoch, __u32 site);

/* Asks user space to read the mappings again. */
int maps_ask(struct ht_process *process, __u32 tgid);

/* The same, when the amount of executable memory has changed. */
int maps_watch(struct ht_process *process, __u32 tgid);

#endif
