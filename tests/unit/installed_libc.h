/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests against the C library that is installed: the file this process has mapped. Where there
 * is no libc.so.6 the test is skipped. Include after cmocka.h.
 */
#ifndef HEAPTAP_TESTS_INSTALLED_LIBC_H
#define HEAPTAP_TESTS_INSTALLED_LIBC_H

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "elf/image.h"
#include "proc/space.h"

struct installed_libc {
	struct space *space;
	struct object *object; /* of the space */
	struct elf_image *image;
};

static inline void installed_libc_close(struct installed_libc *libc)
{
	elf_image_free(libc->image);
	space_free(libc->space);
}

static inline void installed_libc_open(struct installed_libc *ret)
{
	*ret = (struct installed_libc){.space = space_new(getpid(), NULL)};
	assert_non_null(ret->space);
	assert_int_equal(space_refresh(ret->space, NULL), 0);
	for (uint32_t i = 0; i < ret->space->nr_mappings; i++) {
		struct object *object = ret->space->mappings[i].object;

		if (object && strstr(object->path, "/libc.so.6"))
			ret->object = object;
	}
	if (!ret->object) {
		space_free(ret->space);
		print_message("skipped: no libc.so.6 is mapped here\n");
		skip();
	}
	assert_int_equal(elf_image_open(ret->object->fd, &ret->image), 0);
}

/* Are the bytes at @vaddr those of @hex? */
static inline bool installed_libc_begins(const struct installed_libc *libc, uint64_t vaddr,
					 const char *hex)
{
	uint8_t code[16];
	size_t size = strlen(hex) / 2;

	assert_in_range(size, 1, sizeof(code));
	if (elf_image_read(libc->image, vaddr, code, size) != (long)size)
		return false;
	for (size_t i = 0; i < size; i++) {
		unsigned int byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		if (code[i] != byte)
			return false;
	}
	return true;
}

#endif
