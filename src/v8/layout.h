/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where one build of V8 keeps things: read from the constants a binary carries for debuggers
 * (v8dbg_*), completed by what is known of its version. A pure function of the binary.
 */
#ifndef HEAPTAP_V8_LAYOUT_H
#define HEAPTAP_V8_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "elf/image.h"
#include "heaptap/v8.h"

#define V8_UNKNOWN	     (-1) /* of an offset or a type: this V8 has no such thing */
#define V8_MAX_BYTECODES     256
#define V8_NR_SCALES	     3 /* of a bytecode's operands: one, two or four bytes */
#define V8_MAX_FRAME_TYPES   64
#define V8_NR_UNCOMPILED     4
#define V8_VERSION(maj, min) ((uint32_t)(maj)*100 + (min))

/* Bytes from the beginning of an object, or an index where it says so. */
struct v8_offsets {
	int32_t map_type, map_descriptors, descriptors_header;
	int32_t function_shared;
	int32_t shared_data, shared_name, shared_script, shared_literal;
	int32_t script_source, script_name, script_line_offset, script_column_offset;
	int32_t script_line_ends, script_id, script_eval_shared, script_eval_position;
	int32_t script_infos, script_flags, script_source_url;
	int32_t string_length, string_chars, cons_first, cons_second, thin_actual;
	int32_t sliced_parent, sliced_offset, external_data;
	int32_t array_length, array_data; /* of every fixed, weak or byte array */
	int32_t bytecode_length, bytecode_positions, bytecode_data;
	int32_t interpreter_bytecode; /* InterpreterData to BytecodeArray */
	int32_t uncompiled_inferred, uncompiled_start;
	int32_t scope_locals, scope_vars; /* indices of words behind the map */
	int32_t scope_positions;	  /* true: before the variables, else behind the names */
	int32_t code_start, code_size, code_flags, code_positions, code_deopt;
	int32_t stream_code, stream_start;	/* of instructions outside their Code object */
	int32_t deopt_literals, deopt_inlining; /* indices */
	int32_t deopt_shared;			/* index; since 12 of a wrapper of it */
	int32_t shared_flags;			/* int32, its low bits the kind of function */
};

/* Instance types, and kinds of code. */
struct v8_types {
	int32_t function_first, function_last;
	int32_t shared, script, scope_info, bytecode_array, interpreter_data;
	int32_t fixed_array, weak_fixed_array, byte_array, trusted_byte_array;
	int32_t code, stream; /* stream V8_UNKNOWN: instructions are inside Code */
	int32_t uncompiled[V8_NR_UNCOMPILED];
	int32_t kind_mask, kind_shift, kind_interpreted, kind_baseline;
	/* Kinds of functions: what initializes a class's instances, and the class itself. */
	int32_t members_first, members_last, static_first, static_last;
};

/* What stands for a frame that is no JavaScript function. */
enum v8_frame_label {
	V8_LABEL_OTHER,
	V8_LABEL_WASM,
	V8_LABEL_REGEXP,
	V8_LABEL_BUILTIN,
	V8_LABEL_STUB,
	V8_LABEL_EXIT,
	V8_NR_LABELS,
};

struct v8_layout {
	uint32_t major, minor, build, patch; /* of V8 */
	uint64_t blob_vaddr;		     /* the builtins' code, as linked; 0: not found */
	struct ht_v8 walker;		     /* pages, blob and moves are not set */

	struct v8_offsets offsets;
	struct v8_types types;
	bool new_positions; /* position tables as of 14.x; the first table read decides */
	uint32_t nr_bytecodes;
	uint8_t bytecode_sizes[V8_NR_SCALES][V8_MAX_BYTECODES];
	uint8_t frame_labels[V8_MAX_FRAME_TYPES]; /* enum v8_frame_label by frame type */

	bool assumed;	/* not a V8 that was tested: note says what is taken from another */
	char note[256]; /* for the user; after a failure what was missing; or "" */
};

/*
 * -ENOENT when @image holds no V8; -ENOTSUP when it does but its constants were not found (no
 * symbols), or it is too old, or it has pointer compression: then ret->note says which, and the
 * rest of it is not to be used. @image is a program or a library (libnode.so).
 */
int v8_layout_read(const struct elf_image *image, struct v8_layout *ret);

/* The constants are as foreign as the rest of the binary: false when an offset lies outside of what
 * is read of its object. Holds for every layout that was read. */
bool v8_layout_is_sane(const struct v8_layout *layout);

#endif
