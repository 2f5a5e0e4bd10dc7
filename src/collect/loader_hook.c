// SPDX-License-Identifier: Apache-2.0
/* Finding and probing _dl_debug_state. */
#include "collect/loader_hook.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>

#include "collect/links.h"
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
		     struct loader_hook *ret)
{
	int program = bpf_program__fd(kernel_program(kernel, PROGRAM_LOADER, SIDE_ENTRY)), err;
	char path[32];
	struct link_sites sites = {.path = path,
				   .offsets = &place->offset,
				   .cookies = &place->distance,
				   .nr = 1,
				   .pid = pid};

	snprintf(path, sizeof(path), "/proc/self/fd/%d", object->fd);
	ret->fds[0] = ret->fds[1] = -1;
	if (caps->has[CAPS_multi])
		err = ret->fds[0] = link_multi(program, LINK_UPROBE_MULTI, false, &sites);
	else
		err = link_perf(program, false, &sites, 0, ret->fds);
	return err < 0 ? err : 0;
}

void loader_hook_leave(struct loader_hook *hook)
{
	link_close_later(hook->fds[0]);
	link_close_later(hook->fds[1]);
	hook->fds[0] = hook->fds[1] = -1;
}

void loader_hook_close(struct loader_hook *hook)
{
	links_close(hook->fds, 2);
	hook->fds[0] = hook->fds[1] = -1;
}
