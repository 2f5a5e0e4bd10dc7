/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a command and holding it until it can be watched from its first instruction: it is
 * traced from exec until the dynamic loader is done, and stopped whenever new code was mapped, so
 * that probes are in place before that code runs. Then it is let go for good.
 */
#ifndef HEAPTAP_COLLECT_LAUNCH_H
#define HEAPTAP_COLLECT_LAUNCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/diag.h"

/*
 * Forks, and execs @argv (looked up in PATH). The process is stopped at its first instruction.
 * 0; -ESRCH: there is no such command, or it cannot be executed; or another -errno; with @diag.
 */
int launch_start(char *const argv[], pid_t *ret_pid, struct diag *diag);

/*
 * Lets the process run through its dynamic loader, calling @on_code at its first instruction and
 * after every mapping of code, while it stands still, and at last once more with @loaded: all that
 * it is linked to is mapped and has not run. @loader_base is where the loader is mapped, 0 for a
 * static program. When @on_code returns 1 that is enough; when it fails, its error is returned.
 * The process is let go in any case. -ESRCH when it ended meanwhile.
 */
int launch_load(pid_t pid, int (*on_code)(uint64_t loader_base, bool loaded, void *arg), void *arg);

#endif
