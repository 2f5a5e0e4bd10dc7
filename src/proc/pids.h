/* SPDX-License-Identifier: Apache-2.0 */
/* The processes there are, as /proc lists them. */
#ifndef HEAPTAP_PROC_PIDS_H
#define HEAPTAP_PROC_PIDS_H

#include <sys/types.h>

/* Calls @visit for every process, by number; stops when it returns non-zero, and returns that. Who
 * comes or goes meanwhile may be among them or not. 0 or -errno otherwise. */
int pids_each(int (*visit)(pid_t pid, void *arg), void *arg);

#endif
