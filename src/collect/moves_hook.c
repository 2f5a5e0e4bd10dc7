// SPDX-License-Identifier: Apache-2.0
/* Both are functions that V8 calls itself, so any of their clones counts. */
#include "collect/moves_hook.h"

#include <errno.h>
#include <string.h>

#include "elf/image.h"

/* The beginning of their mangled names, in V8 10.2 to 14.6. */
static const char *const names[] = {
	"_ZN2v88internal8GCTracer20StartObservablePauseE",
	"_ZN2v88internal8GCTracer19StopObservablePauseE",
};
#define NR_NAMES (sizeof(names) / sizeof(names[0]))

struct search {
	const struct elf_image *image;
	unsigned int found; /* bit: index in names */
	struct moves_sites *sites;
};

static int take(const struct elf_named *symbol, void *arg)
{
	struct search *search = arg;
	uint64_t offset;

	for (size_t i = 0; i < NR_NAMES; i++) {
		if (!symbol->function || strncmp(symbol->name, names[i], strlen(names[i])) != 0 ||
		    strstr(symbol->name, ".cold") ||
		    elf_image_vaddr_to_offset(search->image, symbol->vaddr, &offset))
			continue;
		for (size_t k = 0; k < search->sites->nr; k++)
			if (search->sites->offsets[k] == offset)
				return 0;
		if (search->sites->nr == MOVES_HOOK_SITES)
			return -E2BIG;
		search->sites->offsets[search->sites->nr++] = offset;
		search->found |= 1U << i;
	}
	return 0;
}

void moves_hook_find(const struct elf_image *image, struct moves_sites *ret)
{
	struct search search = {.image = image, .sites = ret};

	ret->nr = 0;
	if (elf_image_each_symbol(image, take, &search) || search.found != (1U << NR_NAMES) - 1)
		ret->nr = 0;
}

int moves_hook_open(const struct kernel *kernel, const struct caps *caps,
		    const struct object *object, const struct moves_sites *where, pid_t pid,
		    struct link_set *ret)
{
	const uint64_t cookies[MOVES_HOOK_SITES] = {0};
	const struct link_sites sites = {
		.offsets = where->offsets, .cookies = cookies, .nr = where->nr, .pid = pid};
	int err;

	if (!where->nr)
		return 0;
	err = link_set_add(ret, kernel, caps, PROGRAM_MOVES, object, &sites);
	if (!err)
		return 1;
	link_set_leave(ret);
	return err;
}
