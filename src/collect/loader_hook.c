// SPDX-License-Identifier: Apache-2.0
/* Finding and probing _dl_debug_state. */
#include "collect/loader_hook.h"

#include <errno.h>
#include <stdlib.h>

#include "elf/image.h"

#define R_STATE_OFFSET 24 /* of r_state in struct r_debug, glibc's elf/link.h */

int loader_place_find(const struct object *object, struct loader_place *ret)
{
	const char *const name = "_dl_debug_state";
	struct elf_image *image;
	struct elf_symbol hook;
	uint64_t debug;
	int err;

	if (object->fd < 0 || elf_image_open(object->fd, &image))
		return -ENOENT;
	err = elf_image_find_symbols(image, &name, 1, &hook);
	if (!err && (!hook.name || !hook.dynamic))
		err = -ENOENT;
	if (!err) {
		ret->offset = hook.offset;
		ret->distance = elf_image_find_variable(image, "_r_debug", &debug)
					? 0
					: debug + R_STATE_OFFSET - hook.vaddr;
	}
	elf_image_free(image);
	return err;
}

int loader_hook_open(const struct kernel *kernel, const struct caps *caps,
		     const struct object *object, const struct loader_place *place, pid_t pid,
		     struct link_set *ret)
{
	const struct link_sites sites = {
		.offsets = &place->offset, .cookies = &place->distance, .nr = 1, .pid = pid};

	return link_set_add(ret, kernel, caps, PROGRAM_LOADER, object, &sites);
}

int loader_hooks_add(struct loader_hooks *hooks, const struct kernel *kernel,
		     const struct caps *caps, struct object *object,
		     const struct loader_place *place)
{
	void *all;
	int err;

	for (unsigned int i = 0; i < hooks->nr; i++)
		if (hooks->all[i].object == object)
			return 0;
	all = reallocarray(hooks->all, hooks->nr + 1, sizeof(*hooks->all));
	if (!all)
		return -ENOMEM;
	hooks->all = all;
	hooks->all[hooks->nr].links = (struct link_set){0};
	err = loader_hook_open(kernel, caps, object, place, 0, &hooks->all[hooks->nr].links);
	if (!err)
		hooks->all[hooks->nr++].object = object_get(object);
	return err;
}

void loader_hooks_detach(struct loader_hooks *hooks)
{
	for (unsigned int i = 0; i < hooks->nr; i++)
		link_set_leave(&hooks->all[i].links);
}

void loader_hooks_done(struct loader_hooks *hooks)
{
	loader_hooks_detach(hooks);
	for (unsigned int i = 0; i < hooks->nr; i++)
		object_put(hooks->all[i].object);
	free(hooks->all);
	*hooks = (struct loader_hooks){0};
}
