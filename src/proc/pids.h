/* SPDX-License-Identifier: Apache-2.0 */
/* The processes there are, as /proc lists them. */
#ifndef HEAPTAP_PROC_PIDS_H
#define HEAPTAP_PROC_PIDS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The pid namespace that numbers are told in here, as bpf_get_ns_current_pid_tgid() wants it; both
 * 0 when it is the machine's first, whose numbers the kernel tells programs itself. */
struct pids_namespace {
	uint64_t dev, ino;
};
void pids_namespace(struct pids_namespace *ret);

/* Can a program know process @pid by its number here? Not when that is another namespace's, inside
 * one that is not the first. */
bool pids_are_told(pid_t pid);

/* Calls @visit for every process, by number; stops when it returns non-zero, and returns that. Who
 * comes or goes meanwhile may be among them or not. 0 or -errno otherwise. */
int pids_each(int (*visit)(pid_t pid, void *arg), void *arg);

#endif
