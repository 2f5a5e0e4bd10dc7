/* SPDX-License-Identifier: Apache-2.0 */
/* The processes there are, as /proc lists them. */
#ifndef HEAPTAP_PROC_PIDS_H
#define HEAPTAP_PROC_PIDS_H

#include <stdbool.h>
#include <sys/types.h>

/* Are the pids seen here those of the kernel, and not of a pid namespace of our own? */
bool pids_are_global(void);

/* Calls @visit for every process, by number; stops when it returns non-zero, and returns that. Who
 * comes or goes meanwhile may be among them or not. 0 or -errno otherwise. */
int pids_each(int (*visit)(pid_t pid, void *arg), void *arg);

#endif
