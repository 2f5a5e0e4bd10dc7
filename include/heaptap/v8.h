/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * JavaScript frames on their way from the stack to their names. The walker steps through V8's code
 * by frame pointer and keeps, for each frame of a JavaScript function, what names it; user space
 * turns that into functions and lines. All offsets are those of the target's own binary (src/v8).
 *
 * V8 moves its objects: addresses are hints for reading soon, (script id, literal id) is what a
 * function is for the life of its isolate's process.
 */
#ifndef HEAPTAP_V8_H
#define HEAPTAP_V8_H

#include <linux/types.h>

#include "heaptap/wire.h"

/* A tagged word: a heap object when the low bit is set, else a small integer in the upper half. V8
 * include/v8-internal.h, without pointer compression (node's builds have none). */
#define HT_V8_TAG		1
#define HT_V8_IS_OBJECT(word)	((word)&HT_V8_TAG)
#define HT_V8_SMI(word)		((__s32)((__s64)(word) >> 32))
#define HT_V8_MARKER_TYPE(word) ((__u32)(word) >> 1) /* frame type in the place of a context */

/*
 * What the walker must know of one V8. Builtins, the interpreter among them, lie in one blob of
 * machine code, which every isolate may map again next to its generated code: they are known by
 * their file, not by their address. Offsets in bytes: fp_* from the frame pointer, others from the
 * beginning of the object (its address without the tag).
 */
struct ht_v8 {
	__u32 pages; /* page table of the file with V8, as in struct ht_mapping */
	__u32 blob;  /* the builtins' code in it, an address as rows have it */
	__u32 blob_size;
	__u32 interpreter, interpreter_size; /* InterpreterEntryTrampoline, from the blob's start */
	__s16 fp_context, fp_function, fp_bytecode_array, fp_bytecode_offset;
	__u16 function_shared; /* JSFunction to SharedFunctionInfo */
	__u16 shared_script;   /* SharedFunctionInfo to Script */
	__u16 shared_literal;  /* int32: function literal id */
	__u16 script_id;       /* Smi */
	__u32 moves;	       /* grows when objects may have moved or gone; 0: nobody counts */
};
#define HT_MAX_V8 512 /* processes with V8 that are watched at once */

enum ht_js_kind {
	HT_JS_INTERPRETED, /* bytecode and bytecode_offset say where it is */
	HT_JS_CODE,	   /* generated code: the pc says where it is */
	HT_JS_TYPED,	   /* generated code that is no JavaScript function: type */
};

/* One frame of a stack. */
struct ht_js_frame {
	__u64 pc;	/* return address */
	__u64 function; /* tagged JSFunction */
	__u64 script;	/* tagged Script; for builtins something else */
	__u64 bytecode; /* tagged BytecodeArray, or 0 */
	__u32 script_id, literal_id;
	__s32 bytecode_offset; /* from the tagged pointer of the array, as the frame has it */
	__u8 frame;	       /* index of pc in the stack event */
	__u8 kind;	       /* enum ht_js_kind */
	__u16 type;	       /* V8's StackFrame::Type, for HT_JS_TYPED */
};
#define HT_MAX_JS_FRAMES 128

/* HT_EVENT_JS: the JavaScript frames of the stack that the next STACK event of @site has. */
struct ht_js_event_head {
	struct ht_event event;
	__u32 site;
	__u32 nr_frames;
};

struct ht_js_event {
	struct ht_js_event_head head;
	struct ht_js_frame frames[HT_MAX_JS_FRAMES];
};

#define HT_JS_EVENT_SIZE(nr_frames)                                                                \
	(sizeof(struct ht_js_event_head) + sizeof(struct ht_js_frame) * (nr_frames))

HT_ASSERT(sizeof(struct ht_v8) == 40);
HT_ASSERT(sizeof(struct ht_js_frame) == 48);
HT_ASSERT(sizeof(struct ht_js_event_head) == 32);

#endif
