// SPDX-License-Identifier: Apache-2.0
/*
 * The search for separate debug files, as gdb does it. The names come from foreign files: nothing
 * but regular files is opened (a named pipe would hang us), names are resolved inside the process's
 * root, and a build id or checksum must agree.
 */
#include "symbolize/debugfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <elfutils/libdwelf.h>
#include <zlib.h>

#include "proc/root.h"

#define BUILD_ID_MAX 64 /* bytes; SHA-1 is 20 */

/* What proves that a file belongs to the object. */
struct proof {
	const unsigned char *id;
	size_t id_size; /* 0: the checksum decides */
	uint32_t crc;
};

static bool checksum_equals(int fd, uint32_t expected)
{
	unsigned char buffer[32 * 1024];
	uLong crc = crc32(0, NULL, 0);
	off_t at = 0;

	for (;;) {
		ssize_t size = pread(fd, buffer, sizeof(buffer), at);

		if (size < 0)
			return false;
		if (!size)
			return (uint32_t)crc == expected;
		crc = crc32(crc, buffer, (uInt)size);
		at += size;
	}
}

static bool belongs(int fd, const struct mapped *mapped, const struct proof *proof)
{
	const void *id;
	ssize_t size;

	/* a debug link may lead back to the stripped object */
	if (!mapped_has_section(mapped, ".symtab") && !mapped_has_section(mapped, ".debug_info"))
		return false;
	if (!proof->id_size)
		return checksum_equals(fd, proof->crc);
	size = dwelf_elf_gnu_build_id(mapped->elf, &id);
	return size > 0 && (size_t)size == proof->id_size && !memcmp(id, proof->id, size);
}

/* Takes @fd over; negative: there is none. */
static int accept_file(int fd, const struct proof *proof, struct mapped *ret)
{
	struct mapped mapped = {};
	int err = -ENOENT;

	if (fd < 0)
		return -ENOENT;
	if (mapped_open(fd, &mapped))
		goto out;
	if (belongs(fd, &mapped, proof)) {
		*ret = mapped;
		err = 0;
	} else {
		mapped_done(&mapped);
	}
out:
	close(fd);
	return err;
}

static int try_path(const struct debugfile_search *search, const char *path,
		    const struct proof *proof, struct mapped *ret)
{
	return accept_file(root_open_file(search->root, path), proof, ret);
}

/* Tries "DIRECTORY/@tail" for each debug directory; ours too when only a build id is in @tail. */
static int try_directories(const struct debugfile_search *search, const char *tail,
			   const struct proof *proof, struct mapped *ret)
{
	const char *at = search->directories;

	while (*at) {
		size_t length = strcspn(at, ":");
		char *path;
		int err;

		if (length) {
			if (asprintf(&path, "%.*s/%s", (int)length, at, tail) < 0)
				return -ENOMEM;
			err = try_path(search, path, proof, ret);
			if (err && proof->id_size && search->root != ROOT_OURS)
				err = accept_file(root_open_file(ROOT_OURS, path), proof, ret);
			free(path);
			if (!err)
				return 0;
		}
		at += length + (at[length] == ':');
	}
	return -ENOENT;
}

static int find_by_id(const struct debugfile_search *search, const void *id, size_t id_size,
		      struct mapped *ret)
{
	char tail[sizeof(".build-id/xx/.debug") + 2 * BUILD_ID_MAX];
	const struct proof proof = {.id = id, .id_size = id_size};
	int length;

	if (id_size < 2 || id_size > BUILD_ID_MAX)
		return -ENOENT;
	length = sprintf(tail, ".build-id/%02x/", proof.id[0]);
	for (size_t i = 1; i < id_size; i++)
		length += sprintf(tail + length, "%02x", proof.id[i]);
	strcpy(tail + length, ".debug");
	return try_directories(search, tail, &proof, ret);
}

/* Beside the object, in .debug beside it, and below each debug directory. */
static int find_by_link(const struct debugfile_search *search, const char *name,
			const struct proof *proof, struct mapped *ret)
{
	static const char *const places[] = {"", ".debug/"};
	const char *slash = strrchr(search->object, '/');
	char *path;
	int err;

	if (!slash || search->object[0] != '/' || !*name || strchr(name, '/'))
		return -ENOENT;
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (asprintf(&path, "%.*s/%s%s", (int)(slash - search->object), search->object,
			     places[i], name) < 0)
			return -ENOMEM;
		err = try_path(search, path, proof, ret);
		free(path);
		if (!err)
			return 0;
	}
	if (asprintf(&path, "%.*s/%s", (int)(slash - search->object), search->object, name) < 0)
		return -ENOMEM;
	err = try_directories(search, path + 1, proof, ret);
	free(path);
	return err;
}

int debugfile_find(const struct debugfile_search *search, const struct mapped *object,
		   struct mapped *ret)
{
	struct proof proof = {};
	const char *link;
	const void *id;
	ssize_t size;
	GElf_Word crc;

	size = dwelf_elf_gnu_build_id(object->elf, &id);
	if (size > 0) {
		proof = (struct proof){.id = id, .id_size = (size_t)size};
		if (!find_by_id(search, id, (size_t)size, ret))
			return 0;
	}
	link = dwelf_elf_gnu_debuglink(object->elf, &crc);
	if (!link)
		return -ENOENT;
	proof.crc = crc;
	return find_by_link(search, link, &proof, ret);
}

int debugfile_find_common(const struct debugfile_search *search, Dwarf *dwarf, struct mapped *ret)
{
	struct proof proof = {};
	const char *name;
	const void *id;
	ssize_t size;

	size = dwelf_dwarf_gnu_debugaltlink(dwarf, &name, &id);
	if (size == 0) {
		*ret = (struct mapped){};
		return 0;
	}
	if (size < 0)
		return -ENOENT;
	proof = (struct proof){.id = id, .id_size = (size_t)size};
	if (!find_by_id(search, id, (size_t)size, ret))
		return 0;
	return name[0] == '/' ? try_path(search, name, &proof, ret) : -ENOENT;
}
