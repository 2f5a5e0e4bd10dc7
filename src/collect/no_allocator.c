// SPDX-License-Identifier: Apache-2.0
/* Judged by the sections of the program's file, which a stripped one keeps too. */
#include "collect/no_allocator.h"

#include "elf/image.h"
#include "proc/maps.h"

static bool is_go(const struct target *target)
{
	const struct space *space = target->space;
	struct elf_image *image;
	bool go = false;

	for (uint32_t i = 0; i < space->nr_mappings && !go; i++) {
		const struct object *object = space->mappings[i].object;

		if (!object || object->fd < 0 || !maps_name_is(target->process.exe, object->path) ||
		    elf_image_open(object->fd, &image))
			continue;
		go = elf_image_has_section(image, ".gopclntab") ||
		     elf_image_has_section(image, ".go.buildinfo");
		elf_image_free(image);
	}
	return go;
}

const char *no_allocator_reason(const struct target *target)
{
	if (is_go(target))
		return "is a Go program without cgo: its memory comes from Go's own runtime, not "
		       "from malloc; go tool pprof shows it (net/http/pprof)";
	return "has no malloc and free among its symbols: it is linked statically and stripped, or "
	       "does not use the C library's heap";
}
