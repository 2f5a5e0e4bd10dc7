/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip streams, by zlib: written piece by piece into a FILE, and expanded in memory up to a limit.
 * The header carries no name and no time, so equal content gives equal bytes.
 */
#ifndef HEAPTAP_PROFILE_GZIP_H
#define HEAPTAP_PROFILE_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <zlib.h>

struct gzip_writer {
	z_stream stream; /* private, as all of it */
	FILE *out;
	size_t pending_size;
	uint8_t pending[1 << 16];
};

/* After a successful gzip_init(), gzip_done() must be called. Errors of @out's own writing are left
 * to its ferror(). @out stays the caller's. */
int gzip_init(struct gzip_writer *writer, FILE *out);
void gzip_write(struct gzip_writer *writer, const void *data, size_t size);
void gzip_finish(struct gzip_writer *writer); /* the last bytes and the checksum */
void gzip_done(struct gzip_writer *writer);

bool gzip_is(const void *data, size_t size);

/* Expands all members of @data into a new buffer, the caller's to free. -EINVAL damaged, -ENODATA
 * cut off, -EFBIG more than @max_size bytes when expanded, -ENOMEM. */
int gzip_expand(const void *data, size_t size, size_t max_size, void **ret, size_t *ret_size);

#endif
