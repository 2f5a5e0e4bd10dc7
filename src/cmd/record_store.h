/* SPDX-License-Identifier: Apache-2.0 */
/* Where a recording with --store goes. All print their own messages. */
#ifndef HEAPTAP_CMD_RECORD_STORE_H
#define HEAPTAP_CMD_RECORD_STORE_H

#include "cmd/record.h"
#include "store/store.h"

/* Opens the store, alone with the target. 0; 1 when another recording of it is under way, which is
 * said; or -errno. Without --store 0 with *ret NULL. */
int record_store_open(const struct record_options *options, struct store **ret);

/* The path for a profile of @comm (@pid 0: of several processes) that ends now, the caller's to
 * free; NULL after a message. */
char *record_store_path(const struct store *store, const char *comm, pid_t pid);

/* After a profile of @comm was written: removes what is not to be kept. What cannot be removed is
 * said, and no failure. */
void record_store_prune(const struct store *store, const struct record_options *options,
			const char *comm);

#endif
