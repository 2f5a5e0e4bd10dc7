// SPDX-License-Identifier: Apache-2.0
/*
 * One frame: which function, which code, where in it, and from there to lines. A frame that was
 * named before costs two look-ups, and one read when it is in generated code.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "v8/baseline.h"
#include "v8/bytecode.h"
#include "v8/code.h"
#include "v8/deopt.h"
#include "v8/function.h"
#include "v8/places.h"
#include "v8/positions.h"
#include "v8/resolver_private.h"

#define MAX_INLINED 64 /* functions inlined in each other; V8's limits are far below */

struct v8_resolver {
	struct v8_layout layout;
	struct v8_memory memory;
	struct v8_heap heap;
	struct v8_names names;
	struct v8_scripts scripts;
	struct v8_functions functions;
	struct v8_codes codes;
	struct v8_places places;
	uint64_t nr_frames, nr_unnamed, nr_unplaced;
};

struct v8_resolver *v8_resolver_new_in(struct v8_memory memory, const struct v8_layout *layout)
{
	struct v8_resolver *resolver = calloc(1, sizeof(*resolver));

	if (!resolver)
		return NULL;
	resolver->layout = *layout;
	resolver->memory = memory;
	v8_heap_init(&resolver->heap, &resolver->memory, &resolver->layout);
	v8_scripts_init(&resolver->scripts, &resolver->heap, &resolver->names);
	v8_functions_init(&resolver->functions, &resolver->heap, &resolver->names,
			  &resolver->scripts);
	v8_codes_init(&resolver->codes, &resolver->heap);
	return resolver;
}

struct v8_resolver *v8_resolver_new(pid_t pid, const struct v8_layout *layout)
{
	return v8_resolver_new_in(v8_memory_of_process(pid), layout);
}

void v8_resolver_free(struct v8_resolver *resolver)
{
	if (!resolver)
		return;
	v8_places_done(&resolver->places);
	v8_codes_done(&resolver->codes);
	v8_functions_done(&resolver->functions);
	v8_scripts_done(&resolver->scripts);
	v8_names_done(&resolver->names);
	free(resolver);
}

/* @raw is a position as V8 packs it, of this function's source. */
static struct v8_line line_of(const struct v8_function *function, uint64_t raw)
{
	struct v8_line line;

	memset(&line, 0, sizeof(line)); /* compared by its bytes */
	line.function = function->name;
	line.script = function->key.script->name;
	line.start_line = function->start_line;
	v8_script_line(function->key.script, V8_POSITION_OFFSET(raw), &line.line, &line.column);
	return line;
}

/* The position of a bytecode; 0, an unknown one, when the table does not say. */
static uint64_t bytecode_position(const struct v8_resolver *resolver,
				  const struct v8_function *function, int64_t offset)
{
	uint64_t raw;

	if (!function->has_bytecode ||
	    v8_positions_find(function->positions, function->positions_size,
			      resolver->heap.new_positions, offset, &raw))
		return 0;
	return raw;
}

static int add_bytecode_place(struct v8_resolver *resolver, const struct v8_function *function,
			      int64_t offset, uint32_t *ret)
{
	uint64_t raw = bytecode_position(resolver, function, offset);
	struct v8_line line = line_of(function, raw);

	return v8_places_add(&resolver->places, &line, 1, ret);
}

static int find_interpreted(struct v8_resolver *resolver, const struct ht_js_frame *frame,
			    uint32_t *ret)
{
	const struct v8_offsets *at = &resolver->layout.offsets;
	int64_t offset = (int64_t)frame->bytecode_offset - at->bytecode_data + HT_V8_TAG;
	struct v8_place_key key = {.offset = (uint64_t)offset};
	struct v8_function *function;
	int err = v8_functions_of_frame(&resolver->functions, frame, true, &function);

	if (err)
		return err;
	key.function = function;
	*ret = v8_places_known(&resolver->places, &key);
	if (*ret != V8_NO_PLACE)
		return 0;
	err = add_bytecode_place(resolver, function, offset, ret);
	if (!err && function->has_bytecode)
		err = v8_places_remember(&resolver->places, &key, *ret);
	return err;
}

/* Optimized code without positions. */
static int add_deopt_place(struct v8_resolver *resolver, const struct ht_js_frame *frame,
			   struct v8_function *function, const struct v8_code *code, uint64_t pc,
			   uint32_t *ret)
{
	int32_t offset;
	int err = v8_deopt_find(&resolver->heap, code, pc, &offset);

	if (!err)
		err = v8_functions_of_frame(&resolver->functions, frame, true, &function);
	if (!err && !function->has_bytecode)
		err = -ESTALE;
	if (err)
		return err == -ENOMEM ? err : -ESTALE;
	return add_bytecode_place(resolver, function, offset, ret);
}

/*
 * Optimized code: the position says what function was inlined there, the inlining where that was
 * called, and so on to the function of the frame.
 */
static int add_optimized_place(struct v8_resolver *resolver, const struct ht_js_frame *frame,
			       struct v8_function *function, const struct v8_code *code,
			       uint64_t pc, uint32_t *ret)
{
	struct v8_line lines[MAX_INLINED + 1];
	uint32_t nr = 0;
	uint64_t raw;

	if (!code->positions ||
	    v8_positions_find(code->positions, code->positions_size, resolver->heap.new_positions,
			      (int64_t)(pc - code->start - 1), &raw))
		return add_deopt_place(resolver, frame, function, code, pc, ret);
	/* Steps are counted, not lines: hostile inlinings may name each other. */
	for (int i = 0; V8_POSITION_INLINING(raw) >= 0 && i < MAX_INLINED; i++) {
		uint32_t id = (uint32_t)V8_POSITION_INLINING(raw);
		struct v8_function *inlined;
		uint64_t shared;
		int err;

		if (id >= code->nr_inlinings)
			return -ESTALE;
		err = v8_code_literal(&resolver->heap, code, code->inlinings[id].literal, &shared);
		if (!err)
			err = v8_functions_of_shared(&resolver->functions, shared, &inlined);
		if (err == -ENOMEM)
			return err;
		/* What was inlined may be gone; who called it is not. */
		if (!err)
			lines[nr++] = line_of(inlined, raw);
		raw = code->inlinings[id].position;
	}
	if (V8_POSITION_INLINING(raw) >= 0)
		return -ESTALE;
	lines[nr++] = line_of(function, raw);
	return v8_places_add(&resolver->places, lines, nr, ret);
}

/* Baseline code keeps the bytecode that it walks along; that of another function may have come to
 * where this one's was. */
static bool is_compiled_from(struct v8_resolver *resolver, const struct v8_code *code,
			     const struct v8_function *function)
{
	struct v8_bytecode_copy copy;
	uint64_t object = code->deopt;
	uint16_t type;
	bool is_same;

	if (!v8_heap_type(&resolver->heap, object, &type) &&
	    type == resolver->layout.types.interpreter_data &&
	    v8_heap_word(&resolver->heap, object, resolver->layout.offsets.interpreter_bytecode,
			 &object))
		return false;
	if (v8_bytecode_read(&resolver->heap, object, &copy))
		return false;
	is_same = copy.size == function->bytecode_size &&
		  !memcmp(copy.bytes, function->bytecode, copy.size);
	free(copy.bytes);
	free(copy.positions);
	return is_same;
}

static int add_baseline_place(struct v8_resolver *resolver, const struct v8_function *function,
			      const struct v8_code *code, uint64_t pc, uint32_t *ret)
{
	const struct v8_bytecode bytecode = {function->bytecode, function->bytecode_size};
	int32_t offset;

	if (!code->positions || !function->has_bytecode ||
	    !is_compiled_from(resolver, code, function) ||
	    v8_baseline_find(&resolver->layout, code->positions, code->positions_size, &bytecode,
			     pc - code->start, &offset))
		return -ESTALE;
	return add_bytecode_place(resolver, function, offset, ret);
}

/* The function is known but not where in it. */
static int add_unplaced(struct v8_resolver *resolver, const struct v8_function *function,
			uint32_t *ret)
{
	struct v8_line line = line_of(function, 0);

	return v8_places_add(&resolver->places, &line, 1, ret);
}

/* Copies of the interpreter's entry, one for each function (node
 * --interpreted-frames-native-stack); before V8 12 they have the kind of what they are copied from.
 */
static bool is_interpreter(struct v8_resolver *resolver, const struct v8_code *code,
			   const struct ht_js_frame *frame)
{
	uint16_t type;

	return code->kind == V8_CODE_INTERPRETED ||
	       (code->kind == V8_CODE_OTHER &&
		!v8_heap_type(&resolver->heap, frame->bytecode, &type) &&
		type == resolver->layout.types.bytecode_array);
}

static int find_generated(struct v8_resolver *resolver, const struct ht_js_frame *frame,
			  uint64_t pc, uint32_t *ret)
{
	struct v8_place_key key = {0};
	struct v8_function *function;
	const struct v8_code *code;
	int err = v8_functions_of_frame(&resolver->functions, frame, false, &function);

	/* A frame that is no function's is not worth a search for its code. */
	if (err)
		return err;
	err = v8_codes_find(&resolver->codes, pc, &code);
	if (err == -ENOMEM)
		return err;
	if (!err && is_interpreter(resolver, code, frame))
		return find_interpreted(resolver, frame, ret);
	if (!err && code->kind == V8_CODE_BASELINE)
		err = v8_functions_of_frame(&resolver->functions, frame, true, &function);
	if (!err && code->kind == V8_CODE_OPTIMIZED && !v8_code_is_of(code, frame))
		err = -ESTALE;
	if (err || code->kind == V8_CODE_OTHER)
		return err == -ENOMEM ? err : add_unplaced(resolver, function, ret);
	key = (struct v8_place_key){function, code->serial, pc - code->start};
	*ret = v8_places_known(&resolver->places, &key);
	if (*ret != V8_NO_PLACE)
		return 0;
	if (code->kind == V8_CODE_BASELINE)
		err = add_baseline_place(resolver, function, code, pc, ret);
	else
		err = add_optimized_place(resolver, frame, function, code, pc, ret);
	if (err == -ESTALE)
		return add_unplaced(resolver, function, ret);
	return err ? err : v8_places_remember(&resolver->places, &key, *ret);
}

static int find_typed(struct v8_resolver *resolver, const struct ht_js_frame *frame, uint32_t *ret)
{
	static const char *const labels[V8_NR_LABELS] = {
		[V8_LABEL_OTHER] = "[generated code]",
		[V8_LABEL_WASM] = "[wasm]",
		[V8_LABEL_REGEXP] = "[regexp]",
		[V8_LABEL_BUILTIN] = "[builtin]",
		[V8_LABEL_STUB] = "[stub]",
		[V8_LABEL_EXIT] = "[exit]",
	};
	uint8_t label = frame->type < V8_MAX_FRAME_TYPES
				? resolver->layout.frame_labels[frame->type]
				: V8_LABEL_OTHER;
	struct v8_line line;

	memset(&line, 0, sizeof(line));
	line.function = v8_names_get(&resolver->names, labels[label]);
	line.script = v8_names_get(&resolver->names, "");
	if (!line.function || !line.script)
		return -ENOMEM;
	return v8_places_add(&resolver->places, &line, 1, ret);
}

/* Is each function of the place a line of a script? */
static bool is_placed(const struct v8_place *place)
{
	for (uint32_t i = 0; i < place->nr_lines; i++)
		if (!place->lines[i].line)
			return false;
	return true;
}

int v8_resolver_find(struct v8_resolver *resolver, const struct ht_js_frame *frame,
		     uint32_t *ret_place)
{
	uint32_t place = V8_NO_PLACE;
	int err = -ESTALE;

	resolver->nr_frames++;
	if (frame->kind == HT_JS_INTERPRETED)
		err = find_interpreted(resolver, frame, &place);
	else if (frame->kind == HT_JS_CODE)
		err = find_generated(resolver, frame, frame->pc, &place);
	else if (frame->kind == HT_JS_TYPED)
		err = find_typed(resolver, frame, &place);
	if (err == -ENOMEM)
		return err;
	if (err)
		place = V8_NO_PLACE;
	if (place == V8_NO_PLACE)
		resolver->nr_unnamed++;
	else if (frame->kind != HT_JS_TYPED && !is_placed(v8_resolver_place(resolver, place)))
		resolver->nr_unplaced++;
	*ret_place = place;
	return 0;
}

const struct v8_place *v8_resolver_place(const struct v8_resolver *resolver, uint32_t place)
{
	return v8_places_get(&resolver->places, place);
}

void v8_resolver_stats(const struct v8_resolver *resolver, struct v8_resolver_stats *ret)
{
	*ret = (struct v8_resolver_stats){
		.frames = resolver->nr_frames,
		.unnamed = resolver->nr_unnamed,
		.unplaced = resolver->nr_unplaced,
		.cut_sources = resolver->scripts.nr_cut,
		.reads = resolver->memory.nr_reads,
	};
}
