/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Baseline code is bytecode compiled one by one: from a place in it to the bytecode.
 */
#ifndef HEAPTAP_V8_BASELINE_H
#define HEAPTAP_V8_BASELINE_H

#include <stddef.h>
#include <stdint.h>

#include "v8/layout.h"

struct v8_bytecode {
	const uint8_t *bytes;
	size_t size;
};

/*
 * @table has the length of each bytecode's machine code, @pc_offset is a return address from the
 * beginning of the code. *ret is the bytecode's offset, -1 for the function's entry. -EINVAL when
 * table and bytecode do not belong together, -ENOTSUP when the sizes of bytecodes are not known.
 */
int v8_baseline_find(const struct v8_layout *layout, const uint8_t *table, size_t size,
		     const struct v8_bytecode *bytecode, uint64_t pc_offset, int32_t *ret);

#endif
