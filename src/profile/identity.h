/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which frames of two profiles are the same function, wherever the program was loaded and however
 * it was built: a number for each, equal when they are.
 *
 * A native frame is its function's name and the module it is in; neither address nor line
 * counts, nor the source file, but where one module has several functions of that name. What a
 * compiler adds to the name of a clone (".part.0", " [clone .cold]", Rust's hash) does not either.
 *   Modules are one when their base names up to ".so" are equal; one of NEW that BASE has not, when
 * its build id is that of one module of BASE. The main binaries are one whatever they are called,
 * when neither is in the other profile too. Allocators, and helpers of them that are compiled into
 * everything, are one in all modules: malloc is malloc.
 *   Frames without a symbol are one for each module: what else could be told apart would be
 * addresses.
 * A frame of JavaScript is its function's name and its script; a script that is not in both
 * profiles under the same name goes by its path in node_modules, or its base name.
 */
#ifndef HEAPTAP_PROFILE_IDENTITY_H
#define HEAPTAP_PROFILE_IDENTITY_H

#include "profile/stack.h"
#include "profile/table.h"

#define NR_IDENTITY_SIDES 2

struct identities {
	uint32_t nr; /* numbers are below */
	/* private */
	struct identity_side {
		const struct profile *profile;
		uint32_t *modules;     /* by mapping */
		uint32_t *first_lines; /* by location: its first one among the frames */
		uint32_t *frames;
	} sides[NR_IDENTITY_SIDES];
	struct table texts, stems, build_ids, ambiguous_ids, files, homonyms,
		scripts[NR_IDENTITY_SIDES], frames;
	uint32_t nr_texts;
};

/* 0 or -ENOMEM; identities_done() is to be called in either case. */
int identities_build(struct identities *ret,
		     const struct profile *const profiles[NR_IDENTITY_SIDES]);
void identities_done(struct identities *identities);

/* @frame of a stack of profiles[@side]. */
uint32_t identity_of(const struct identities *identities, int side,
		     const struct stack_frame *frame);

/* How much of a function's @name, which is not empty, counts. */
size_t identity_name_length(const char *name);
/* "libfoo.so" of "/usr/lib/libfoo.so.1.2.3 (deleted)": @ret_length bytes at the pointer into it. */
const char *identity_module_stem(const char *file, size_t *ret_length);

/* A number for @text, above 0, equal for equal texts of one @kind. 0 when out of memory. */
uint32_t identity_text(struct identities *identities, char kind, const char *text, size_t length);

#endif
