/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the table cache as files: how much room they take, and which go first. Private to
 * cache.c.
 */
#ifndef HEAPTAP_UNWIND_CACHE_FILES_H
#define HEAPTAP_UNWIND_CACHE_FILES_H

#include <stdint.h>

#define CACHE_FILES_SUFFIX ".table"
#define CACHE_FILES_TEMP   ".tmp" /* being written; an hour later, left over */

/* Removes tables, those unused longest first, until the others have at most @max_size bytes, and
 * left over temporary files. A table's time of modification is that of its last use. Other names
 * are not touched. 0 or -errno. */
int cache_files_trim(int dir, uint64_t max_size);

#endif
