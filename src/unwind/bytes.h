/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading numbers from foreign bytes, front to back. A read behind the end yields 0 and sets
 * failed, which stays set, so that a parser may check once behind several reads.
 */
#ifndef HEAPTAP_UNWIND_BYTES_H
#define HEAPTAP_UNWIND_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
	const uint8_t *at, *end;
	bool failed;
};

static inline struct bytes bytes_of(const void *data, size_t size)
{
	const uint8_t *at = data;

	return (struct bytes){.at = at, .end = at + size};
}

static inline size_t bytes_left(const struct bytes *bytes)
{
	return (size_t)(bytes->end - bytes->at);
}

static inline bool bytes_skip(struct bytes *bytes, uint64_t size)
{
	if (size > bytes_left(bytes)) {
		bytes->failed = true;
		bytes->at = bytes->end;
		return false;
	}
	bytes->at += size;
	return true;
}

/* A little-endian number of 1, 2, 4 or 8 bytes. */
static inline uint64_t bytes_number(struct bytes *bytes, size_t size)
{
	const uint8_t *at = bytes->at;
	uint64_t value = 0;

	if (bytes_skip(bytes, size))
		memcpy(&value, at, size);
	return value;
}

static inline uint8_t bytes_u8(struct bytes *bytes)
{
	if (bytes->at == bytes->end) {
		bytes->failed = true;
		return 0;
	}
	return *bytes->at++;
}

/* A LEB128 number without its sign extension; *ret_bits is how many bits it was written in. More
 * than ten bytes do not fit 64 bits and fail. */
static inline uint64_t bytes_leb(struct bytes *bytes, unsigned int *ret_bits)
{
	uint64_t value = 0;
	uint8_t byte = 0x80;

	for (*ret_bits = 0; byte & 0x80 && *ret_bits < 70; *ret_bits += 7) {
		byte = bytes_u8(bytes);
		value |= (uint64_t)(byte & 0x7f) << *ret_bits;
	}
	if (byte & 0x80)
		bytes->failed = true;
	return value;
}

static inline uint64_t bytes_uleb(struct bytes *bytes)
{
	unsigned int bits;

	return bytes_leb(bytes, &bits);
}

static inline int64_t bytes_sleb(struct bytes *bytes)
{
	unsigned int bits;
	uint64_t value = bytes_leb(bytes, &bits);

	if (bits < 64 && value >> (bits - 1) & 1)
		value |= ~0ULL << bits;
	return (int64_t)value;
}

#endif
