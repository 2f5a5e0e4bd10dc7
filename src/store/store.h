/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory of profiles that runs from cron leave, a directory in it for each series:
 * DIR/COMM/20261126T171532Z-1234.pb.gz, by the UTC of its end and the process. Files appear whole,
 * by a rename (util/outfile.h); nothing in it is ever changed.
 */
#ifndef HEAPTAP_STORE_STORE_H
#define HEAPTAP_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/diag.h"

#define STORE_SUFFIX ".pb.gz"

struct store;

/* With @create the directory is made when it is not there, its parent must be. 0 or -errno with
 * @diag. store_close() takes NULL, and lets go of the lock. */
int store_open(const char *path, bool create, struct store **ret, struct diag *diag);
void store_close(struct store *store);

/*
 * One recording of a target at a time: @target is whom the user named. 0; -EBUSY when another one
 * is at it, *ret_holder is then its pid or 0 when that is not known; or -errno with @diag. The
 * kernel lets go of the lock with the process.
 */
int store_lock(struct store *store, const char *target, pid_t *ret_holder, struct diag *diag);

/* The path for a profile of series @comm that ended at @time, the caller's to free, whose directory
 * is there. No file has that name. @pid 0: several. 0 or -errno with @diag. */
int store_new_path(const struct store *store, const char *comm, int64_t time, pid_t pid, char **ret,
		   struct diag *diag);

/* Of the store's files: private to this folder. */
int store_fd(const struct store *store);
const char *store_path(const struct store *store);

/* @text as a file's name, the caller's to free: other bytes than letters, digits, '.', '_' and '-'
 * become %XX, as does a dot at its beginning; at most 100 bytes. NULL when out of memory. */
char *store_escape(const char *text);

#endif
