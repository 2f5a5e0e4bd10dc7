/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table as bytes in a file: a head, the rows, the pages, the rules. For the machine and the
 * version of heaptap that wrote it, not for exchange.
 */
#ifndef HEAPTAP_UNWIND_TABLE_FILE_H
#define HEAPTAP_UNWIND_TABLE_FILE_H

#include <stdint.h>

struct unwind_table;

uint64_t table_file_size(const struct unwind_table *table); /* bytes */

/* Both work at the start of @fd, which stays the caller's. @key (less than TABLE_FILE_MAX_KEY
 * characters) is stored and must be the same when it is read. */
#define TABLE_FILE_MAX_KEY 192

/* 0; -EINVAL when it is not such a table, whole and with indices in their bounds; -ENOMEM, or of
 * reading. */
int table_file_read(int fd, const char *key, struct unwind_table **ret);
int table_file_write(int fd, const char *key, const struct unwind_table *table);

#endif
