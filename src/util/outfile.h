/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An output that is either whole or not there. Bytes go to a temporary name in the target's
 * directory and take its place with the commit; whatever fails before, a file that was there stays
 * as it was. "-" is stdout. What is no regular file (a device, a fifo, a terminal) is written
 * directly, and so is the file stdout already goes to.
 *
 * A symbolic link to a file is followed: that file is replaced, the link stays.
 */
#ifndef HEAPTAP_UTIL_OUTFILE_H
#define HEAPTAP_UTIL_OUTFILE_H

#include <stdio.h>
#include <sys/types.h>

#include "util/diag.h"

struct outfile;

/* New files get mode 0666 less the umask. 0 or -errno with @diag filled. */
int outfile_open(const char *path, struct outfile **ret, struct diag *diag);

/* Where to write. Belongs to the outfile; not to be closed. It has no file descriptor. */
FILE *outfile_stream(struct outfile *outfile);

/* The mode of a new file, whatever the umask; of one that is written directly nothing changes. */
void outfile_mode(struct outfile *outfile, mode_t mode);

/* Its bytes are to be on the disk before it gets its name: after a power cut it is whole or not
 * there. A commit may take long then. */
void outfile_sync(struct outfile *outfile);

/* All bytes are out and the file has its name, or -errno with @diag filled: a full disk and any
 * write that failed before show here at the latest. To be called once, before outfile_close(). */
int outfile_commit(struct outfile *outfile, struct diag *diag);

/* Drops what was not committed. NULL is allowed. */
void outfile_close(struct outfile *outfile);

#endif
