// SPDX-License-Identifier: Apache-2.0
/*
 * process.on('SIGUSR1') replaces node's handler by libuv's, which serves all signals. Both are
 * static functions, in .symtab alone; of a stripped node only what is exported is known. There the
 * handler is node's when libuv is another library (as in Debian's libnode.so), and not known when
 * libuv is in the same file.
 */
#include "inspector/handler.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "elf/image.h"

#define NODE_MARK    "_ZN4node5StartEiPPc" /* node::Start(int, char**), exported by all */
#define NODE_HANDLER "StartIoThreadWakeup" /* in an anonymous namespace, however it is mangled */
#define UV_HANDLER   "uv__signal_handler"
#define UV_MARK	     "uv_signal_start" /* exported by whatever libuv is in */

#define ADVICE                                                                                     \
	"; start it with --inspect, or open the port in it (require('inspector').open()), and "    \
	"heaptap will find it"

struct search {
	uint64_t handler; /* as linked */
	bool is_node, is_uv, has_node, has_uv, knows_node_handler, knows_uv_handler;
};

static bool contains(const char *name, size_t length, const char *part)
{
	return memmem(name, length, part, strlen(part));
}

static int visit(const struct elf_named *symbol, void *arg)
{
	struct search *search = arg;
	size_t length = symbol->length;

	if (!symbol->function)
		return 0;
	if (contains(symbol->name, length, NODE_HANDLER)) {
		search->knows_node_handler = true;
		search->is_node |= symbol->vaddr == search->handler;
	} else if (length == strlen(UV_HANDLER) && contains(symbol->name, length, UV_HANDLER)) {
		search->knows_uv_handler = true;
		search->is_uv |= symbol->vaddr == search->handler;
	} else if (length == strlen(UV_MARK) && contains(symbol->name, length, UV_MARK)) {
		search->has_uv = true;
	} else if (length == strlen(NODE_MARK) && contains(symbol->name, length, NODE_MARK)) {
		search->has_node = true;
	}
	return 0;
}

static bool is_node(const struct object *object)
{
	const char *const names[] = {NODE_MARK};
	struct elf_symbol symbol = {0};
	struct elf_image *image;

	if (object->fd < 0 || elf_image_open(object->fd, &image))
		return false;
	if (elf_image_find_symbols(image, names, 1, &symbol))
		symbol.name = NULL;
	elf_image_free(image);
	return symbol.name;
}

int handler_find_node(const struct space *space, struct diag *diag)
{
	const struct object *last = NULL;

	for (uint32_t i = 0; i < space->nr_mappings; i++) {
		const struct object *object = space->mappings[i].object;

		if (!object || object->vdso || object == last || !space->mappings[i].live)
			continue;
		if (is_node(object))
			return 0;
		last = object;
	}
	return diag_fail(diag, -ENOTSUP,
			 "pid %d is not a node process: --inspector needs one (18 or newer)",
			 space->pid);
}

/* Looks the handler up in the file it is in. */
static int search_file(const struct mapping *mapping, uint64_t handler, struct search *search)
{
	struct elf_image *image;
	uint64_t start;
	int err = mapping->object->fd < 0 ? -ENOENT : elf_image_open(mapping->object->fd, &image);

	if (err)
		return err;
	err = elf_image_mapping_to_vaddr(image, mapping->offset, &start);
	if (!err) {
		search->handler = start + (handler - mapping->start);
		elf_image_each_symbol(image, visit, search);
	}
	elf_image_free(image);
	return err;
}

static int judge(pid_t pid, const char *path, const struct search *search, struct diag *diag)
{
	if (search->is_node)
		return 0;
	if (search->is_uv ||
	    (search->has_uv && !search->has_node)) /* libuv.so serves nobody else */
		return diag_fail(diag, -ENOTSUP,
				 "pid %d handles SIGUSR1 itself (process.on('SIGUSR1')), so the "
				 "signal would not open the inspector" ADVICE,
				 pid);
	if (search->knows_node_handler || !search->has_node)
		return diag_fail(diag, -ENOTSUP,
				 "pid %d has a handler for SIGUSR1 that is not node's (in %s), so "
				 "the signal would not open the inspector" ADVICE,
				 pid, path);
	if (search->knows_uv_handler || !search->has_uv)
		return 0;
	return diag_fail(
		diag, -ENOTSUP,
		"it is not known whether SIGUSR1 would open the inspector of pid %d: %s has "
		"no symbols that tell node's handler from the application's" ADVICE,
		pid, path);
}

int handler_check(const struct space *space, uint64_t handler, struct diag *diag)
{
	struct search search = {0};
	const struct mapping *mapping;
	uint32_t index;
	int err;

	if (handler == 0)
		return diag_fail(diag, -ENOTSUP,
				 "SIGUSR1 would kill pid %d: it runs with --disable-sigusr1 or "
				 "--permission, or has "
				 "not started up yet" ADVICE,
				 space->pid);
	if (handler == 1)
		return diag_fail(diag, -ENOTSUP, "pid %d ignores SIGUSR1" ADVICE, space->pid);
	index = space_find(space, handler);
	mapping = index == SPACE_NONE ? NULL : &space->mappings[index];
	if (!mapping || !mapping->object)
		return diag_fail(
			diag, -ENOTSUP,
			"pid %d has a handler for SIGUSR1 that is in no file, so the signal "
			"would not open the inspector" ADVICE,
			space->pid);
	err = search_file(mapping, handler, &search);
	if (err)
		return diag_fail(
			diag, -ENOTSUP,
			"it is not known whether SIGUSR1 would open the inspector of pid %d: "
			"cannot read %s: %s" ADVICE,
			space->pid, mapping->object->path, strerror(-err));
	return judge(space->pid, mapping->object->path, &search, diag);
}
