/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much memory V8's heaps have, by space: what their spaces have committed, which is what
 * mappings they have and but for pages never touched what is resident. Read from outside, while the
 * process runs, of every isolate that a thread is in.
 */
#ifndef HEAPTAP_V8_SPACES_H
#define HEAPTAP_V8_SPACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/image.h"
#include "v8/layout.h"
#include "v8/memory.h"

/* X(name, as a reader sees it): kinds of spaces. Read-only space never changes and is left out. */
#define V8_SPACES(X)                                                                               \
	X(new, "new")                                                                              \
	X(old, "old")                                                                              \
	X(code, "code")                                                                            \
	X(map, "map")                                                                              \
	X(large, "large")                                                                          \
	X(trusted, "trusted")

enum v8_space {
#define X(name, text) V8_SPACE_##name,
	V8_SPACES(X)
#undef X
		V8_NR_SPACES
};
const char *v8_space_name(enum v8_space space);

/* Where this V8 keeps them, learned from its accessors. */
struct v8_spaces_layout {
	uint32_t version;  /* V8_VERSION */
	int32_t array;	   /* Heap to its array of Space* */
	int32_t committed; /* Space to its committed bytes */
	int32_t halves[2]; /* new space to the committed bytes of its two semispaces */
	bool by_key;	   /* isolates are found by a pthread key, else by a thread variable */
	uint64_t key;	   /* vaddr of the key */
	int64_t thread;	   /* the variable, from the thread pointer */
};

/* -ENOENT when what is needed was not found. */
int v8_spaces_layout_read(const struct elf_image *image, const struct v8_layout *layout,
			  struct v8_spaces_layout *ret);

struct v8_spaces {
	uint32_t nr_isolates;
	uint64_t committed[V8_NR_SPACES]; /* bytes, of all isolates */
};

/*
 * @bias: of the image in the process. @thread_pointers: fsbase of its threads. 0 also when some
 * isolate could not be read, which is then not in nr_isolates.
 */
int v8_spaces_read(struct v8_memory *memory, const struct v8_spaces_layout *layout, uint64_t bias,
		   const uint64_t *thread_pointers, size_t nr_threads, struct v8_spaces *ret);

#endif
