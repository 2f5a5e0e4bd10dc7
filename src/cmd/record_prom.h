/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of record --prom: the metrics of the recording (export/prom.c), and when the last run
 * was and whether it worked, for the textfile collector of node_exporter.
 */
#ifndef HEAPTAP_CMD_RECORD_PROM_H
#define HEAPTAP_CMD_RECORD_PROM_H

#include "cmd/record.h"
#include "profile/profile.h"

/* Of @profile; NULL: of a run that failed, which has no other metrics. 0 or -errno after a message.
 * Everybody may read the file. */
int record_prom_write(const struct record_options *options, const struct profile *profile);

#endif
