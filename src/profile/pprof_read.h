/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heap profiles in the pprof format, gzip'd or plain, heaptap's own or another tool's (Go,
 * gperftools through pprof, ...), into the model. The bytes are foreign: every index and id is
 * checked, and memory stays bounded whatever they say.
 *
 * A profile may carry some of the metrics only: see has_metric. What the model has no place
 * for (other sample types, drop_frames, columns, folded marks) is left out. Comments
 * "heaptap:KEY=VALUE" become notes, others are kept as they are.
 */
#ifndef HEAPTAP_PROFILE_PPROF_READ_H
#define HEAPTAP_PROFILE_PPROF_READ_H

#include <stddef.h>

#include "profile/profile.h"
#include "util/diag.h"

/*
 * Reads @fd (which may be a pipe) to its end; it stays the caller's. 0; -EINVAL empty, cut off,
 * damaged or not pprof; -ENOMSG a sound pprof profile without any of the metrics, such as a
 * CPU profile, or with several types in bytes of other names; -EFBIG above the limits; -ENOMEM; or
 * the -errno of read(). @diag then says why, without the file's name, which only the caller knows:
 * "NAME: TEXT".
 */
int pprof_read(int fd, struct profile **ret, struct diag *diag);

/*
 * The same of a profile with sample types of other names, of which @type is one, in bytes or a
 * count: it is then inuse_space or inuse_objects, and the only one, with the note "sample_type".
 * NULL, or the name of a metric: as pprof_read(), which takes the only type in bytes so when there
 * is no metric.
 */
int pprof_read_type(int fd, const char *type, struct profile **ret, struct diag *diag);

/* The same from memory. */
int pprof_parse(const void *data, size_t size, struct profile **ret, struct diag *diag);
int pprof_parse_type(const void *data, size_t size, const char *type, struct profile **ret,
		     struct diag *diag);

#endif
