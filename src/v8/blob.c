// SPDX-License-Identifier: Apache-2.0
/*
 * Where the machine code of V8's builtins lies: the range of the Builtins_* symbols. They are
 * local, so a stripped binary has none; then V8's accessors of the embedded blob, which are
 * exported up to V8 12, and the blob's own table of builtins.
 */
#include "v8/blob.h"
#include "v8/relocated.h"

#define ALIGNMENT 64 /* of a builtin: V8's kCodeAlignment on x86-64 */
#define MAX_SIZE  (64 << 20)

/* The table of builtins in the blob's data, and the interpreter's index in it. */
static const struct table {
	uint32_t version, head, row, index; /* head and row in bytes */
} tables[] = {
	{V8_VERSION(10, 2), 24, 28, 72},
	{V8_VERSION(11, 3), 24, 32, 70},
	{V8_VERSION(12, 4), 24, 12, 76},
};

static void set(struct v8_layout *layout, uint64_t start, uint64_t size, uint64_t interpreter,
		uint64_t interpreter_size)
{
	if (size > MAX_SIZE || interpreter > size || interpreter_size > size - interpreter)
		return;
	layout->blob_vaddr = start;
	layout->walker.blob_size = (uint32_t)size;
	layout->walker.interpreter = (uint32_t)interpreter;
	layout->walker.interpreter_size = (uint32_t)interpreter_size;
}

static void find_by_data(const struct v8_constants *constants, uint32_t version,
			 struct v8_layout *layout)
{
	const struct elf_image *image = constants->image;
	const struct table *table = NULL;
	struct {
		uint32_t offset, size;
	} row;
	uint64_t code, data;
	uint32_t size;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (tables[i].version == version)
			table = &tables[i];
	if (!table || v8_relocated_pointer(image, constants->blob_code, &code) ||
	    v8_relocated_number(image, constants->blob_code_size, &size) ||
	    v8_relocated_pointer(image, constants->blob_data, &data) ||
	    elf_image_read(image, data + table->head + (uint64_t)table->index * table->row, &row,
			   sizeof(row)) != (long)sizeof(row) ||
	    !row.size || row.offset % ALIGNMENT)
		return;
	set(layout, code, size, row.offset, row.size);
}

void v8_blob_find(const struct v8_constants *constants, uint32_t version, struct v8_layout *layout)
{
	uint64_t start = constants->builtins_start;
	uint64_t size = constants->builtins_end - start;

	if (start && constants->interpreter >= start)
		set(layout, start, (size + ALIGNMENT - 1) & -(uint64_t)ALIGNMENT,
		    constants->interpreter - start, constants->interpreter_size);
	if (!layout->blob_vaddr)
		find_by_data(constants, version, layout);
}
