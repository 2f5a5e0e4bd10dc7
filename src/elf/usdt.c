// SPDX-License-Identifier: Apache-2.0
/*
 * A note of type 3 named "stapsdt": three words, for the probe, for where .stapsdt.base was when it
 * was linked, and for the semaphore; then provider, name and arguments, each with its NUL.
 * https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation
 */
#include "elf/usdt.h"

#include <gelf.h>
#include <stdbool.h>
#include <string.h>

#include "elf/image_private.h"

#define NOTE_TYPE 3
#define NOTE_NAME "stapsdt"

struct reading {
	const struct elf_image *image;
	const char *provider;
	uint64_t base; /* of .stapsdt.base as it is now; 0: unknown */
	int (*visit)(const struct usdt_probe *probe, void *arg);
	void *arg;
};

/* The string at *@at, which ends before @end; NULL when it does not. Moves behind it. */
static const char *take_string(const char **at, const char *end)
{
	const char *string = *at, *nul = memchr(string, 0, end - string);

	if (!nul)
		return NULL;
	*at = nul + 1;
	return string;
}

static int take_note(const struct reading *reading, const char *bytes, size_t size)
{
	const char *end = bytes + size, *at, *provider;
	struct usdt_probe probe = {0};
	uint64_t words[3], moved;

	if (size < sizeof(words))
		return 0;
	memcpy(words, bytes, sizeof(words));
	at = bytes + sizeof(words);
	provider = take_string(&at, end);
	probe.name = provider ? take_string(&at, end) : NULL;
	probe.arguments = probe.name ? take_string(&at, end) : NULL;
	if (!probe.arguments || strcmp(provider, reading->provider) != 0)
		return 0;
	moved = reading->base && words[1] ? reading->base - words[1] : 0;
	probe.vaddr = words[0] + moved;
	if (words[2] &&
	    elf_image_vaddr_to_offset(reading->image, words[2] + moved, &probe.semaphore))
		return 0;
	return reading->visit(&probe, reading->arg);
}

static int read_notes(const struct reading *reading, Elf_Data *data)
{
	size_t at = 0, next, name, descriptor;
	GElf_Nhdr header;
	int result = 0;

	while (!result && (next = gelf_getnote(data, at, &header, &name, &descriptor))) {
		const char *bytes = data->d_buf;

		if (header.n_type == NOTE_TYPE && header.n_namesz == sizeof(NOTE_NAME) &&
		    !memcmp(bytes + name, NOTE_NAME, sizeof(NOTE_NAME)))
			result = take_note(reading, bytes + descriptor, header.n_descsz);
		at = next;
	}
	return result;
}

int usdt_each(const struct elf_image *image, const char *provider,
	      int (*visit)(const struct usdt_probe *probe, void *arg), void *arg)
{
	struct reading reading = {.image = image, .provider = provider, .visit = visit, .arg = arg};
	Elf *elf = elf_image_handle(image);
	Elf_Scn *section = NULL;
	uint64_t end;
	size_t names;
	int result = 0;

	if (elf_getshdrstrndx(elf, &names))
		return 0;
	elf_image_section(image, ".stapsdt.base", &reading.base, &end);
	while (!result && (section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		const char *name;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_NOTE)
			continue;
		name = elf_strptr(elf, names, header.sh_name);
		data = name && !strcmp(name, ".note.stapsdt") ? elf_getdata(section, NULL) : NULL;
		if (data && data->d_buf)
			result = read_notes(&reading, data);
	}
	return result;
}
