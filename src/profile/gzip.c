// SPDX-License-Identifier: Apache-2.0
/* zlib does the work; here are only the buffers around it. */
#include "profile/gzip.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define GZIP_LEVEL	 6
#define GZIP_WINDOW_BITS (15 + 16) /* zlib's way to say: gzip, not zlib framing */
#define GZIP_MEM_LEVEL	 8	   /* zlib's default */

int gzip_init(struct gzip_writer *writer, FILE *out)
{
	memset(&writer->stream, 0, sizeof(writer->stream));
	writer->out = out;
	writer->pending_size = 0;
	if (deflateInit2(&writer->stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS, GZIP_MEM_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	return 0;
}

static void deflate_pending(struct gzip_writer *writer, int flush)
{
	uint8_t packed[1 << 14];

	writer->stream.next_in = writer->pending;
	writer->stream.avail_in = writer->pending_size;
	writer->pending_size = 0;
	do {
		writer->stream.next_out = packed;
		writer->stream.avail_out = sizeof(packed);
		deflate(&writer->stream, flush);
		fwrite(packed, 1, sizeof(packed) - writer->stream.avail_out, writer->out);
	} while (writer->stream.avail_out == 0);
}

void gzip_write(struct gzip_writer *writer, const void *data, size_t size)
{
	while (size) {
		size_t room = sizeof(writer->pending) - writer->pending_size;
		size_t part = size < room ? size : room;

		memcpy(writer->pending + writer->pending_size, data, part);
		writer->pending_size += part;
		data = (const char *)data + part;
		size -= part;
		if (writer->pending_size == sizeof(writer->pending))
			deflate_pending(writer, Z_NO_FLUSH);
	}
}

void gzip_finish(struct gzip_writer *writer)
{
	deflate_pending(writer, Z_FINISH);
}

void gzip_done(struct gzip_writer *writer)
{
	deflateEnd(&writer->stream);
}

bool gzip_is(const void *data, size_t size)
{
	return size >= 2 && memcmp(data, "\x1f\x8b", 2) == 0;
}

struct expansion {
	z_stream stream;
	uint8_t *buffer;
	size_t size, used, max_size;
};

/* One inflate() call into the buffer, which is doubled when full. 0, 1 at the end of a member, or
 * -errno as gzip_expand(). */
static int expand_some(struct expansion *x)
{
	int status;

	if (x->used == x->size) {
		size_t size = x->size ? 2 * x->size : 1 << 16;
		uint8_t *buffer;

		size = size < x->max_size ? size : x->max_size;
		if (size == x->used)
			return -EFBIG;
		buffer = realloc(x->buffer, size);
		if (!buffer)
			return -ENOMEM;
		x->buffer = buffer;
		x->size = size;
	}
	x->stream.next_out = x->buffer + x->used;
	x->stream.avail_out = x->size - x->used;
	status = inflate(&x->stream, Z_NO_FLUSH);
	x->used = x->size - x->stream.avail_out;
	switch (status) {
	case Z_OK:
		return 0;
	case Z_STREAM_END:
		return 1;
	case Z_BUF_ERROR:
		return -ENODATA;
	case Z_MEM_ERROR:
		return -ENOMEM;
	default:
		return -EINVAL;
	}
}

int gzip_expand(const void *data, size_t size, size_t max_size, void **ret, size_t *ret_size)
{
	struct expansion x = {.max_size = max_size < UINT_MAX ? max_size : UINT_MAX};
	int err;

	if (size > UINT_MAX)
		return -EFBIG;
	if (inflateInit2(&x.stream, GZIP_WINDOW_BITS) != Z_OK)
		return -ENOMEM;
	x.stream.next_in = (uint8_t *)data;
	x.stream.avail_in = size;
	for (;;) {
		while ((err = expand_some(&x)) == 0)
			;
		if (err < 0 || x.stream.avail_in == 0)
			break;
		inflateReset(&x.stream); /* another member follows */
	}
	inflateEnd(&x.stream);
	if (err < 0) {
		free(x.buffer);
		return err;
	}
	*ret = x.buffer;
	*ret_size = x.used;
	return 0;
}
