// SPDX-License-Identifier: Apache-2.0
/*
 * Where the machine code of V8's builtins lies: the range of the Builtins_* symbols.
 */
#include "v8/blob.h"

#define ALIGNMENT 64 /* of a builtin: V8's kCodeAlignment on x86-64 */
#define MAX_SIZE  (64 << 20)

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

void v8_blob_find(const struct v8_constants *constants, uint32_t version, struct v8_layout *layout)
{
	uint64_t start = constants->builtins_start;
	uint64_t size = constants->builtins_end - start;

	(void)version;
	if (!start || constants->interpreter < start)
		return;
	set(layout, start, (size + ALIGNMENT - 1) & -(uint64_t)ALIGNMENT,
	    constants->interpreter - start, constants->interpreter_size);
}
