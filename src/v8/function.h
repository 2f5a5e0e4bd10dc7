/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of a process: SharedFunctionInfo, what all closures of one function literal have in
 * common. Known by (script, literal id) for ever; its object moves.
 */
#ifndef HEAPTAP_V8_FUNCTION_H
#define HEAPTAP_V8_FUNCTION_H

#include <stdbool.h>
#include <stdint.h>

#include "v8/baseline.h"
#include "v8/script.h"

struct v8_function_key {
	const struct v8_script *script;
	uint64_t literal_id;
};

struct v8_function_entry;

struct v8_function {
	struct v8_function_key key;
	const char *name;	       /* "" for an anonymous one */
	int32_t start_line;	       /* 0: not known */
	bool has_bytecode;	       /* the rest is set; it may come later */
	uint8_t *bytecode, *positions; /* and its table of source positions */
	uint32_t bytecode_size, positions_size;
};

struct v8_functions {
	struct v8_heap *heap;
	struct v8_names *names;
	struct v8_scripts *scripts;
	struct v8_function_entry *entries;
};

void v8_functions_init(struct v8_functions *functions, struct v8_heap *heap, struct v8_names *names,
		       struct v8_scripts *scripts);
void v8_functions_done(struct v8_functions *functions);

/* The function of @frame, with its bytecode when @with_bytecode. -ESTALE and others when it cannot
 * be read any more. It lives as long as @functions. */
int v8_functions_of_frame(struct v8_functions *functions, const struct ht_js_frame *frame,
			  bool with_bytecode, struct v8_function **ret);

/* The function with the SharedFunctionInfo @shared. */
int v8_functions_of_shared(struct v8_functions *functions, uint64_t shared,
			   struct v8_function **ret);

#endif
