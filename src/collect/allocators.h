/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocators are data: one row per function, with the shape of its call and where its arguments
 * are. A new allocator is a few rows here and a target in tests/.
 */
#ifndef HEAPTAP_COLLECT_ALLOCATORS_H
#define HEAPTAP_COLLECT_ALLOCATORS_H

#include <stdint.h>

#include "collect/kernel.h"
#include "heaptap/wire.h"

/* Position of an argument, 0 = rdi; HT_ARG_NONE where there is none. */
struct allocator_function {
	const char *symbol;
	enum kernel_program shape;
	uint8_t arg_ptr, arg_out, arg_size, arg_count;
	const char *forwards_to; /* calls this public function and is counted there: no probe */
};

extern const struct allocator_function allocator_functions[];
extern const unsigned int nr_allocator_functions;

#endif
