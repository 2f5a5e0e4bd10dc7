/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocators are data: one row per function, with the shape of its call and where its arguments
 * are, and one per family, by which symbols a file is told to be of it. A new allocator is a few
 * rows here and a target in tests/.
 */
#ifndef HEAPTAP_COLLECT_ALLOCATORS_H
#define HEAPTAP_COLLECT_ALLOCATORS_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/kernel.h"
#include "heaptap/wire.h"

/* Functions that are the same interface under another name. */
enum allocator_names {
	NAMES_C,	/* malloc, free: one file of a process provides them to all others */
	NAMES_OPERATOR, /* C++: not where it hands on to another file's malloc */
	NAMES_JE,	/* je_malloc, ...: whoever calls them means that file's */
	NAMES_RJEM,	/* as Rust's crates prefix them */
	NAMES_TC,
	NAMES_MI,
	NAMES_TOLD, /* USDT probes, found by their notes: heaptap/told.h */
	NR_ALLOCATOR_NAMES,
};

/* Position of an argument, 0 = rdi; HT_ARG_NONE where there is none. */
struct allocator_function {
	const char *symbol;
	enum allocator_names names;
	enum kernel_program shape;
	uint8_t arg_ptr, arg_out, arg_size, arg_count;
	bool basic;    /* of those an allocator must have to be one: it allocates, or frees */
	bool forwards; /* may do nothing but jump to another of these, and is counted there then */
};

extern const struct allocator_function allocator_functions[];
extern const unsigned int nr_allocator_functions;

#define MAX_ALLOCATOR_FUNCTIONS 128

/* What is known of an allocator by a symbol that no other has. */
struct allocator_family {
	const char *name;   /* "jemalloc" */
	const char *marker; /* a function it defines */
};

/* In the order in which they are looked for; ends with the name of those that have none of the
 * markers, whose marker is NULL. */
extern const struct allocator_family allocator_families[];
extern const unsigned int nr_allocator_families;

#endif
