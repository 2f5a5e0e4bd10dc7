// SPDX-License-Identifier: Apache-2.0
/* From the accessors of V8's spaces to their offsets. Declared in v8/spaces.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "v8/accessor.h"
#include "v8/spaces.h"

#define CODE_SIZE 128

enum accessor { ARRAY, COMMITTED, HALVES, NR_ACCESSORS };

/* Functions, by their names in one version or another; the first that is there counts. */
static const struct {
	enum accessor accessor;
	const char *name;
} functions[] = {
	{ARRAY, "_ZN2v88internal13SpaceIterator4NextEv"},
	{COMMITTED, "_ZNK2v88internal9BaseSpace15CommittedMemoryEv"},
	{HALVES, "_ZNK2v88internal17SemiSpaceNewSpace15CommittedMemoryEv"},
	{HALVES, "_ZNK2v88internal8NewSpace15CommittedMemoryEv"},
};
#define NR_FUNCTIONS (sizeof(functions) / sizeof(functions[0]))

static const char thread_variable[] = "_ZN2v88internal18g_current_isolate_E";
static const char key_variable[] = "_ZN2v88internal7Isolate12isolate_key_E";

struct isolates {
	bool has_thread, has_key;
	uint64_t thread, key;
};

static int find_isolates(const struct elf_named *symbol, void *arg)
{
	struct isolates *isolates = arg;

	if (symbol->thread && !strcmp(symbol->name, thread_variable)) {
		isolates->has_thread = true;
		isolates->thread = symbol->vaddr;
	} else if (!symbol->function && !strcmp(symbol->name, key_variable)) {
		isolates->has_key = true;
		isolates->key = symbol->vaddr;
	}
	return isolates->has_thread;
}

/* Thread variables of a library lie where its loader put them: only a program's can be found. */
static int read_isolates(const struct elf_image *image, struct v8_spaces_layout *layout)
{
	struct isolates isolates = {0};

	elf_image_each_symbol(image, find_isolates, &isolates);
	layout->by_key = !isolates.has_thread;
	if (isolates.has_thread && elf_image_tls_size(image) && elf_image_is_program(image))
		layout->thread = (int64_t)isolates.thread - (int64_t)elf_image_tls_size(image);
	else if (isolates.has_key)
		layout->key = isolates.key;
	else
		return -ENOENT;
	return 0;
}

/* What the code of an accessor says. */
static int take(struct v8_spaces_layout *layout, enum accessor accessor,
		const struct accessor_load *loads, int nr)
{
	switch (accessor) {
	case ARRAY: /* the iterator's heap, then the array behind it */
		if (nr < 1 || !loads[nr - 1].indexed)
			return -ENOENT;
		layout->array = loads[nr - 1].offset;
		return 0;
	case COMMITTED:
		if (nr != 1)
			return -ENOENT;
		layout->committed = loads[0].offset;
		return 0;
	default:
		if (nr != 2)
			return -ENOENT;
		layout->halves[0] = loads[0].offset;
		layout->halves[1] = loads[1].offset;
		return 0;
	}
}

static int read_accessor(const struct elf_image *image, const struct elf_symbol *symbol,
			 enum accessor accessor, struct v8_spaces_layout *layout)
{
	struct accessor_load loads[4];
	uint8_t code[CODE_SIZE];
	long size = elf_image_read(image, symbol->vaddr, code, sizeof(code));
	int nr;

	if (size <= 0)
		return -ENOENT;
	nr = accessor_loads(code, size, loads, 4);
	return nr < 0 ? nr : take(layout, accessor, loads, nr);
}

int v8_spaces_layout_read(const struct elf_image *image, const struct v8_layout *layout,
			  struct v8_spaces_layout *ret)
{
	struct elf_symbol symbols[NR_FUNCTIONS];
	const char *names[NR_FUNCTIONS];
	unsigned int found = 0;
	int err;

	memset(ret, 0, sizeof(*ret));
	ret->version = V8_VERSION(layout->major, layout->minor);
	for (size_t i = 0; i < NR_FUNCTIONS; i++)
		names[i] = functions[i].name;
	err = elf_image_find_symbols(image, names, NR_FUNCTIONS, symbols);
	for (size_t i = 0; i < NR_FUNCTIONS && !err; i++) {
		unsigned int bit = 1U << functions[i].accessor;

		if (!symbols[i].name || found & bit)
			continue;
		err = read_accessor(image, &symbols[i], functions[i].accessor, ret);
		found |= bit;
	}
	if (!err && found != (1U << NR_ACCESSORS) - 1)
		err = -ENOENT;
	return err ?: read_isolates(image, ret);
}
