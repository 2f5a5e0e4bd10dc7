/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sample's call stack as a reader sees it: one frame for every function, inlined ones included,
 * leaf first unless inverted. A location without a function is shown by its module:
 * "[libfoo.so.1]", or
 * "[unknown]".
 *
 * Ownership: a stack is a buffer used again for every sample; its frames are valid until the next
 * stack_load(). Names live as long as the profile and the stack; equal function names are one
 * pointer (the profile interns them), so frames can be compared by pointers.
 */
#ifndef HEAPTAP_PROFILE_STACK_H
#define HEAPTAP_PROFILE_STACK_H

#include "profile/profile.h"
#include "profile/table.h"

struct stack_frame {
	const char *name;     /* never empty */
	const char *file;     /* source file, "" when unknown */
	int64_t line;	      /* 0 when unknown */
	uint32_t location;    /* index in the profile */
	uint32_t inline_line; /* index in the location's lines; 0 when it has none */
	bool inlined;	      /* into the frame that follows */
	bool javascript;      /* and its place in a script is known */
};

struct stack {
	const struct profile *profile;
	uint32_t nr_modules;	   /* mappings of the profile when this was made */
	const char **module_names; /* by mapping: "[libfoo.so.1]"; equal ones are one pointer */
	struct table names;	   /* private: holds them */
	/* How its readers want it, false after stack_init(): root first; a function in every line
	 * it was left in by itself. */
	bool inverted, lines;
	uint32_t nr_frames, max_frames;
	struct stack_frame *frames;
};

/* 0 or -ENOMEM; after a failure stack_done() is still allowed. */
int stack_init(struct stack *stack, const struct profile *profile);
void stack_done(struct stack *stack);

/* 0 or -ENOMEM. */
int stack_load(struct stack *stack, const struct profile_sample *sample);

/* What a reader needs to see of the frame's file: the last component, but of node's own scripts
 * ("node:internal/timers") all. */
const char *stack_frame_file(const struct stack_frame *frame);

/* Where the frame's function begins; where it is now, when that is all that is known; else 0. */
int64_t stack_start_line(const struct stack *stack, const struct stack_frame *frame);

/* The last component of @path; never fails. */
const char *stack_basename(const char *path);

#endif
