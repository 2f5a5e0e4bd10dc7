/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel alone knows about the threads of a process: their thread pointers and who gets
 * SIGUSR1. Read by a BPF program of its own, that is loaded for this moment only or, for who reads
 * often, is there already.
 */
#ifndef HEAPTAP_COLLECT_TASK_INFO_H
#define HEAPTAP_COLLECT_TASK_INFO_H

#include <stddef.h>
#include <sys/types.h>

#include "heaptap/task.h"
#include "util/diag.h"

/*
 * The threads of process @pid, *ret_nr of them, the caller's to free. -ESRCH when there is none;
 * -EPERM when BPF is not permitted, -ENOTSUP when the kernel has no such iterator (Linux 5.8).
 */
int task_info_read(pid_t pid, struct ht_task **ret, size_t *ret_nr, struct diag *diag);

/* The same by @program, a descriptor of bpf/task.bpf.c's, which need not be loaded first: that
 * takes 15 ms. */
int task_info_read_by(int program, pid_t pid, struct ht_task **ret, size_t *ret_nr);

#endif
