/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network namespace of another process: a socket belongs to the one it was made in, so the
 * function that makes it runs there.
 */
#ifndef HEAPTAP_INSPECTOR_NETNS_H
#define HEAPTAP_INSPECTOR_NETNS_H

#include <sys/types.h>

/*
 * Calls @function in the network namespace of @pid: at once when it is our own, else on a thread
 * that enters it and ends. Returns what @function does, or -errno (-EPERM: not permitted to enter,
 * -ESRCH: no such process).
 */
int netns_call(pid_t pid, int (*function)(void *arg), void *arg);

#endif
