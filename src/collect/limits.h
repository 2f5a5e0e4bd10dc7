/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What heaptap allows itself. Every mapped file of the target is held open, and perf uprobes take
 * two descriptors for each function: the usual 1024 are soon gone.
 */
#ifndef HEAPTAP_COLLECT_LIMITS_H
#define HEAPTAP_COLLECT_LIMITS_H

/* As many open files as may be. A command that heaptap starts must not inherit this (select() does
 * not know descriptors beyond 1023), so it is for after the fork. */
void limits_raise_files(void);

#endif
