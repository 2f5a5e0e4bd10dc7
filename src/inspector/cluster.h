/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Node clusters: when the inspector of the primary process opens, node sends SIGUSR1 on to all of
 * its workers, whatever handler they have.
 */
#ifndef HEAPTAP_INSPECTOR_CLUSTER_H
#define HEAPTAP_INSPECTOR_CLUSTER_H

#include <sys/types.h>

/* The first worker that @pid has forked by node's cluster module, 0 when it has none, or -errno. */
pid_t cluster_find_worker(pid_t pid);

#endif
