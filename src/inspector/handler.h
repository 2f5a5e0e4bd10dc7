/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who gets SIGUSR1: node's own handler opens the inspector; an application's handler does whatever
 * the application means by the signal; without a handler it kills.
 */
#ifndef HEAPTAP_INSPECTOR_HANDLER_H
#define HEAPTAP_INSPECTOR_HANDLER_H

#include <stdint.h>

#include "proc/space.h"
#include "util/diag.h"

/* Whether an executable or library of the process is node: 0, or -ENOTSUP with @diag. */
int handler_find_node(const struct space *space, struct diag *diag);

/*
 * @handler is what the kernel has for SIGUSR1: an address in the process, 0 for none (SIG_DFL), 1
 * for SIG_IGN. 0 when it is sure to be node's; otherwise -ENOTSUP, and @diag says whose it is or
 * why that is not known, and what to do.
 */
int handler_check(const struct space *space, uint64_t handler, struct diag *diag);

#endif
