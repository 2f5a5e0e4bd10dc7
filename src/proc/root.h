/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root directory of a process, held so that it outlives the process, and opening files below
 * it. What a process's files name is looked for in here alone: whoever runs in a container decides
 * what its links, pipes and devices are, and must not reach ours.
 */
#ifndef HEAPTAP_PROC_ROOT_H
#define HEAPTAP_PROC_ROOT_H

#include <stddef.h>

#define ROOT_OURS    (-1) /* the same directory, of the same mount namespace */
#define ROOT_UNKNOWN (-2) /* not to be had: nothing can be found below it */

/* Of the process whose directory in /proc is @dir: an O_PATH descriptor, or one of the above. */
int root_open(int dir);
void root_close(int root); /* any of the three */

/*
 * How long the part of @path is that leads to the root: maps shows a chroot's files as we see them.
 * 0 for what is not below it, and for containers that were entered by pivot_root(2).
 */
size_t root_prefix(int dir, const char *path);

/* What @path means to the process whose directory in /proc is @dir, opened with @flags: no link
 * leads out of its root, and none of /proc's is followed. -errno. */
int root_openat(int dir, const char *path, int flags);

/* A descriptor for reading of the regular file @path, an absolute one. Does not block, and opens
 * nothing else: no pipe, no device. -errno; -ENOTSUP when it is not a regular file. */
int root_open_file(int root, const char *path);

#endif
