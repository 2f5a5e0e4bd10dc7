/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the kernel alone knows about a thread, as bpf/task.bpf.c writes it into its iterator: a
 * sequence of these records and nothing else.
 */
#ifndef HEAPTAP_TASK_H
#define HEAPTAP_TASK_H

#include <linux/types.h>

#include "heaptap/wire.h"

#define HT_SIGUSR1 10 /* asm/signal.h of x86 */

struct ht_task {
	__u32 tgid, tid; /* in the first pid namespace */
	__u64 fsbase;	 /* thread pointer: where its thread-local variables are */
	__u64 sigusr1;	 /* handler's address; 0 SIG_DFL, 1 SIG_IGN */
};

HT_ASSERT(sizeof(struct ht_task) == 24);

#endif
