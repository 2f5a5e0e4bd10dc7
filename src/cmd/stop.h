/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals that end a command: they end its waiting, never its writing. They are blocked but for the
 * moments it sleeps.
 */
#ifndef HEAPTAP_CMD_STOP_H
#define HEAPTAP_CMD_STOP_H

#include <signal.h>

/* Blocks what ends the command; *@sleeping is the mask to sleep with. SIGPIPE is ignored. */
void stop_prepare(sigset_t *sleeping);

/* The last one that came, or 0. */
int stop_signal(void);

#endif
