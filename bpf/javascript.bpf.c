// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * JavaScript frames. V8 keeps frame pointers, and at fixed places below them what function a frame
 * belongs to and how far its bytecode has run. Read here, while the stack stands still: the
 * collector moves functions, and many frames share one pc, that of the interpreter.
 *
 * A function is identified by (script id, function literal id), never by its address; both belong
 * to what identifies the stack.
 */
#include "maps.bpf.h"
#include "window.bpf.h"

#define MAX_FRAME_TYPE 256

static __always_inline struct ht_v8 *v8_of(const struct stack_slot *slot)
{
	__u32 key = slot->v8 - 1;

	return bpf_map_lookup_elem(&v8s, &key);
}

__noinline int javascript_is_interpreter(struct stack_slot *slot, __u32 pages, __u64 address)
{
	struct ht_v8 *v8;

	if (!slot)
		return 0;
	v8 = v8_of(slot);
	return v8 && pages == v8->pages &&
	       address - v8->blob - v8->interpreter < v8->interpreter_size;
}

/* The word @offset bytes into the object @tagged. */
static __always_inline int field_read(__u64 tagged, __u16 offset, void *ret, __u32 size)
{
	return bpf_probe_read_user(ret, size, (void *)(tagged - HT_V8_TAG + offset));
}

/* Script and literal of the frame's function, from its objects. False when they cannot be read. */
static __noinline int identify(const struct ht_v8 *v8, struct ht_js_frame *frame)
{
	__u64 *shared = &frame->bytecode, id; /* its place is still free */

	frame->script = 0;
	frame->script_id = 0;
	frame->literal_id = 0;
	if (field_read(frame->function, v8->function_shared, shared, sizeof(*shared)) ||
	    field_read(*shared, v8->shared_script, &frame->script, sizeof(frame->script)) ||
	    field_read(*shared, v8->shared_literal, &frame->literal_id,
		       sizeof(frame->literal_id)) ||
	    field_read(frame->script, v8->script_id, &id, sizeof(id)))
		return 0;
	frame->script_id = HT_V8_SMI(id);
	return 1;
}

/*
 * The same from what this slot has seen before. Between two collections an address belongs to one
 * function: what is on a stack is alive, so it is neither moved nor freed until the next one, which
 * is counted when its pause begins and again when it ends.
 */
static __always_inline void recall(const struct ht_v8 *v8, struct stack_slot *slot,
				   struct ht_js_frame *frame)
{
	__u32 moves = *(volatile __u32 *)&v8->moves;
	__u32 at = frame->function * 0x9e3779b97f4a7c15ULL >> (64 - KNOWN_FUNCTIONS_SHIFT);
	struct known_function *known = &slot->known[at & ((1 << KNOWN_FUNCTIONS_SHIFT) - 1)];

	if (moves && known->moves == moves && known->v8 == slot->v8 &&
	    known->function == frame->function) {
		frame->script = known->script;
		frame->script_id = known->script_id;
		frame->literal_id = known->literal_id;
		return;
	}
	if (!identify(v8, frame) || !moves)
		return;
	known->function = frame->function;
	known->script = frame->script;
	known->script_id = frame->script_id;
	known->literal_id = frame->literal_id;
	known->moves = moves;
	known->v8 = slot->v8;
}

/* How far an interpreted function is. */
static __always_inline void locate(const struct ht_v8 *v8, struct stack_slot *slot,
				   struct ht_js_frame *frame)
{
	__u64 offset = 0;

	frame->bytecode = 0;
	if (window_read(slot, slot->frame.fp + v8->fp_bytecode_array, &frame->bytecode) ||
	    window_read(slot, slot->frame.fp + v8->fp_bytecode_offset, &offset))
		return;
	frame->bytecode_offset = HT_V8_SMI(offset);
}

/*
 * Fills @frame from the slots below the frame pointer; false when it is none. Words are read into
 * the frame itself: the stack of a BPF program is short, and this is its deep end.
 */
static __always_inline bool frame_read(const struct ht_v8 *v8, struct stack_slot *slot,
				       bool generated, struct ht_js_frame *frame)
{
	if (window_read(slot, slot->frame.fp + v8->fp_context, &frame->bytecode))
		return 0;
	frame->pc = slot->frame.pc;
	frame->function = 0;
	frame->bytecode_offset = 0;
	frame->type = 0;
	if (!HT_V8_IS_OBJECT(frame->bytecode)) {
		if (!generated || frame->bytecode >= MAX_FRAME_TYPE)
			return 0;
		frame->kind = HT_JS_TYPED;
		frame->type = HT_V8_MARKER_TYPE(frame->bytecode);
		frame->bytecode = 0;
		return 1;
	}
	if (window_read(slot, slot->frame.fp + v8->fp_function, &frame->function) ||
	    !HT_V8_IS_OBJECT(frame->function))
		return 0;
	frame->kind = generated ? HT_JS_CODE : HT_JS_INTERPRETED;
	recall(v8, slot, frame);
	locate(v8, slot, frame);
	return 1;
}

/* A collection's pause begins or ends. */
SEC("uprobe/v8_moves")
int v8_moves(struct pt_regs *ctx)
{
	struct ht_process *process = process_find(tgid_here());
	struct ht_v8 *v8;
	__u32 key;

	if (!process || !process->v8)
		return 0;
	key = process->v8 - 1;
	v8 = bpf_map_lookup_elem(&v8s, &key);
	if (v8)
		__sync_fetch_and_add(&v8->moves, 1);
	return 0;
}

__noinline int javascript_frame(struct stack_slot *slot, __u32 generated)
{
	struct ht_js_frame *frame;
	struct ht_v8 *v8;
	__u32 n;

	if (!slot)
		return 0;
	v8 = v8_of(slot);
	if (!v8 || slot->frame.fp < slot->frame.sp || slot->frame.fp & 7 ||
	    slot->frame.fp - slot->frame.sp >= HT_FP_STEP_MAX)
		return 0;
	n = slot->js.head.nr_frames;
	OPAQUE(n);
	if (n >= HT_MAX_JS_FRAMES) {
		loss_add(HT_LOSS_js_dropped);
		return 0;
	}
	frame = &slot->js.frames[n];
	if (!frame_read(v8, slot, generated, frame))
		return 0;
	frame->frame = slot->nr_pcs - 1;
	slot->hash = stack_hash_add(slot->hash, (__u64)frame->script_id << 32 | frame->literal_id);
	if (frame->kind == HT_JS_INTERPRETED)
		slot->hash = stack_hash_add(slot->hash, (__u32)frame->bytecode_offset);
	slot->js.head.nr_frames = n + 1;
	return 0;
}
