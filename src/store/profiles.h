/* SPDX-License-Identifier: Apache-2.0 */
/* What lies in a store, by the names of its files alone: nothing is opened. */
#ifndef HEAPTAP_STORE_PROFILES_H
#define HEAPTAP_STORE_PROFILES_H

#include <stdint.h>
#include <sys/types.h>

#include "store/store.h"

struct stored_profile {
	char *series, *name; /* of the directory, of the file */
	int64_t time;	     /* of its end, seconds since 1970 */
	pid_t pid;	     /* 0: several */
	uint64_t size;	     /* bytes */
};

/* In the order of series and time. */
struct stored_profiles {
	uint32_t nr, nr_allocated;
	struct stored_profile *all;
	uint32_t nr_foreign; /* files and directories that no recording left there: untouched */
};

/* Of one @series (NULL: of all). 0 or -errno with @diag; stored_profiles_done() allows what is
 * zeroed. */
int stored_profiles_read(const struct store *store, const char *series, struct stored_profiles *ret,
			 struct diag *diag);
void stored_profiles_done(struct stored_profiles *profiles);

/* "20261126T171532Z-1234.pb.gz", or with ".2" before the suffix. false when it is no such name. */
bool stored_profile_parse(const char *name, int64_t *ret_time, pid_t *ret_pid);

#endif
