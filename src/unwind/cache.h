/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unwind tables kept on disk between runs, one file for each object. Only a help: whatever is wrong
 * with it, tables are built instead, and the run does not fail.
 *
 * A file is known by its build id when root or we own it, because whoever may write a file may give
 * it the build id of another; otherwise by device, inode, size and time of the last change. A table
 * is trusted when its file and the directory belong to root or us and nobody else may write them,
 * and its checksum and indices hold. It replaces an older one atomically and is never changed, so
 * that several runs may share a directory. When all are too much, those unused longest go first.
 */
#ifndef HEAPTAP_UNWIND_CACHE_H
#define HEAPTAP_UNWIND_CACHE_H

#include <stdint.h>

#include "util/diag.h"

#define UNWIND_CACHE_SIZE (256ULL << 20) /* bytes of files in all */

struct unwind_table;
struct unwind_cache;

/*
 * $XDG_CACHE_HOME/heaptap; without it /var/cache/heaptap for root and ~/.cache/heaptap for others;
 * made when it is not there. 0; -ENOENT no home, -EPERM it is not to be trusted, or what else the
 * system said, with @diag filled: a note, not an error of the run.
 */
int unwind_cache_open(struct unwind_cache **ret, struct diag *diag);

/* The same with a directory, which must exist, and a size in bytes. */
int unwind_cache_open_at(const char *path, uint64_t max_size, struct unwind_cache **ret,
			 struct diag *diag);
void unwind_cache_close(struct unwind_cache *cache); /* NULL allowed */

/* The table of the object open as @fd. -ENOENT when there is none that can be trusted. */
int unwind_cache_load(const struct unwind_cache *cache, int fd, struct unwind_table **ret);

/* Keeps @table, which was built from @fd. 0 or -errno; nothing is left behind on failure. */
int unwind_cache_store(const struct unwind_cache *cache, int fd, const struct unwind_table *table);

/* From the cache (NULL: there is none), or built and then stored. As unwind_table_build(). */
int unwind_cache_get_table(const struct unwind_cache *cache, int fd, struct unwind_table **ret,
			   struct diag *diag);

#endif
