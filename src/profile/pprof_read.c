// SPDX-License-Identifier: Apache-2.0
/*
 * From bytes to the protobuf message: reading, expanding, decoding, each with its limit. A small
 * file can expand a thousandfold, and an empty sample of two bytes costs a hundred when decoded, so
 * both the expanded size and the decoder's memory are bounded.
 */
#include "profile/pprof_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pprof.pb-c.h"
#include "profile/gzip.h"
#include "profile/pprof_import.h"

/* 50,000 stacks of 40 frames take about 10 MiB expanded and 40 MiB decoded. */
#define MAX_SIZE_MIB	256U  /* of the file, and expanded */
#define MAX_DECODED_MIB 1024U /* handed out to protobuf-c for one profile */
#define MIB		(1U << 20)

static int too_large(struct diag *diag)
{
	return diag_fail(
		diag, -EFBIG,
		"too large: more than %u MiB when expanded, or %u MiB when decoded; this is "
		"damaged, or not a heap profile",
		MAX_SIZE_MIB, MAX_DECODED_MIB);
}

static int out_of_memory(struct diag *diag)
{
	return diag_fail(diag, -ENOMEM, "out of memory while reading the profile");
}

static int cut_off(struct diag *diag)
{
	return diag_fail(
		diag, -EINVAL,
		"the gzip data end too early: the file was cut off; record or copy it again");
}

/* An allocator that gives up after a budget; what is freed does not count back. */
struct budget {
	size_t left;
	bool exceeded, no_memory;
};

static void *budget_alloc(void *data, size_t size)
{
	struct budget *budget = data;
	void *memory;

	if (size > budget->left) {
		budget->exceeded = true;
		return NULL;
	}
	budget->left -= size;
	memory = malloc(size);
	if (!memory)
		budget->no_memory = true;
	return memory;
}

static void budget_free(void *data, void *memory)
{
	(void)data;
	free(memory);
}

static int parse_plain(const void *data, size_t size, const char *type, struct profile **ret,
		       struct diag *diag)
{
	struct budget budget = {.left = (size_t)MAX_DECODED_MIB * MIB};
	ProtobufCAllocator allocator = {budget_alloc, budget_free, &budget};
	Perftools__Profiles__Profile *message;
	int err;

	message = perftools__profiles__profile__unpack(&allocator, size, data);
	if (!message && budget.exceeded)
		return too_large(diag);
	if (!message && budget.no_memory)
		return out_of_memory(diag);
	if (!message)
		return diag_fail(diag, -EINVAL,
				 "not a pprof profile, or one that was cut off; a text profile of "
				 "gperftools is first converted with \"go tool pprof -proto\"");
	err = pprof_import(message, type, ret, diag);
	perftools__profiles__profile__free_unpacked(message, &allocator);
	return err == -ENOMEM ? out_of_memory(diag) : err;
}

int pprof_parse_type(const void *data, size_t size, const char *type, struct profile **ret,
		     struct diag *diag)
{
	size_t expanded_size;
	void *expanded;
	int err;

	if (size == 0)
		return diag_fail(diag, -EINVAL, "empty: nothing was ever written to it");
	if (!gzip_is(data, size))
		return size > (size_t)MAX_SIZE_MIB * MIB ? too_large(diag)
							 : parse_plain(data, size, type, ret, diag);
	err = gzip_expand(data, size, (size_t)MAX_SIZE_MIB * MIB, &expanded, &expanded_size);
	if (err == -EFBIG)
		return too_large(diag);
	if (err == -ENOMEM)
		return out_of_memory(diag);
	if (err == -ENODATA)
		return cut_off(diag);
	if (err)
		return diag_fail(diag, err, "the gzip data are damaged; record or copy it again");
	err = parse_plain(expanded, expanded_size, type, ret, diag);
	free(expanded);
	return err;
}

int pprof_parse(const void *data, size_t size, struct profile **ret, struct diag *diag)
{
	return pprof_parse_type(data, size, NULL, ret, diag);
}

/* All of @fd. The buffer is the caller's also on failure. */
static int read_all(int fd, uint8_t **buffer, size_t *ret_size, struct diag *diag)
{
	size_t capacity = 0, used = 0;
	ssize_t nr;

	for (;;) {
		if (used == capacity) {
			uint8_t *larger;

			if (capacity >= (size_t)MAX_SIZE_MIB * MIB)
				return too_large(diag);
			capacity = capacity ? 2 * capacity : 1 << 16;
			larger = realloc(*buffer, capacity);
			if (!larger)
				return out_of_memory(diag);
			*buffer = larger;
		}
		nr = read(fd, *buffer + used, capacity - used);
		if (nr < 0 && errno == EINTR)
			continue;
		if (nr < 0)
			return diag_fail(diag, -errno, "cannot read it: %s", strerror(errno));
		if (nr == 0)
			break;
		used += nr;
	}
	*ret_size = used;
	return 0;
}

int pprof_read_type(int fd, const char *type, struct profile **ret, struct diag *diag)
{
	uint8_t *buffer = NULL;
	size_t size = 0;
	int err;

	err = read_all(fd, &buffer, &size, diag);
	if (!err)
		err = pprof_parse_type(buffer, size, type, ret, diag);
	free(buffer);
	return err;
}

int pprof_read(int fd, struct profile **ret, struct diag *diag)
{
	return pprof_read_type(fd, NULL, ret, diag);
}
