// SPDX-License-Identifier: Apache-2.0
/*
 * From a frame to its SharedFunctionInfo: through the JSFunction, and when that has been moved
 * through the Script, which is old and seldom is. What was found must be the frame's by its ids.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "v8/bytecode.h"
#include "v8/function.h"
#include "v8/own_name.h"
#include "v8/scope.h"
#include "v8/shared.h"
#include "v8/string.h"

#define MAX_NAME      1024	 /* bytes */
#define MAX_FUNCTIONS (1U << 20) /* of a process; a program that makes ever new ones is cut off */

struct v8_function_entry {
	struct v8_function function;
	UT_hash_handle hh;
};

void v8_functions_init(struct v8_functions *functions, struct v8_heap *heap, struct v8_names *names,
		       struct v8_scripts *scripts)
{
	*functions = (struct v8_functions){.heap = heap, .names = names, .scripts = scripts};
}

void v8_functions_done(struct v8_functions *functions)
{
	struct v8_function_entry *entry, *next;

	HASH_ITER (hh, functions->entries, entry, next) {
		HASH_DEL(functions->entries, entry);
		free(entry->function.bytecode);
		free(entry->function.positions);
		free(entry);
	}
}

static struct v8_function *find_known(const struct v8_functions *functions,
				      const struct v8_script *script, int32_t literal_id)
{
	const struct v8_function_key key = {script, (uint32_t)literal_id};
	struct v8_function_entry *entry;

	HASH_FIND(hh, functions->entries, &key, sizeof(key), entry);
	return entry ? &entry->function : NULL;
}

static bool read_text(struct v8_heap *heap, uint64_t string, char text[MAX_NAME])
{
	return string && !v8_string_read(heap, string, text, MAX_NAME) && text[0];
}

/* What V8 calls the functions that a class's fields and static blocks are put into; NULL: it is
 * none of them. Since 12.4 that is nowhere in the heap. */
static const char *initializer_name(const struct v8_types *types, int32_t kind)
{
	if (kind < 0)
		return NULL;
	if (kind >= types->members_first && kind <= types->members_last)
		return "<instance_members_initializer>";
	if (kind >= types->static_first && kind <= types->static_last)
		return "<static_initializer>";
	return NULL;
}

/*
 * The name in the source; else what the closure was named when it was made; else what V8 inferred
 * from the assignment. V8 would let the closure's own name win, but that of a function made many
 * times need not be the same.
 */
static int read_name(struct v8_functions *functions, const struct v8_shared *shared,
		     uint64_t closure, const struct v8_script *script, struct v8_function *function)
{
	struct v8_heap *heap = functions->heap;
	struct v8_scope scope = {.start_position = -1};
	const char *initializer = initializer_name(&heap->layout->types, shared->kind);
	uint64_t own = 0;
	char text[MAX_NAME];
	int32_t column;

	if (v8_scope_read(heap, shared->name, &scope)) {
		/* Without a ScopeInfo that is a name or a small integer; or it cannot be read now,
		 * and must not be remembered as no name. */
		if (HT_V8_IS_OBJECT(shared->name) &&
		    v8_string_read(heap, shared->name, text, MAX_NAME))
			return -ESTALE;
		v8_shared_read_uncompiled(heap, shared, &scope);
		if (HT_V8_IS_OBJECT(shared->name))
			scope.name = shared->name;
	}
	if (initializer) {
		strcpy(text, initializer);
	} else if (!read_text(heap, scope.name, text)) {
		if (closure)
			v8_own_name_find(heap, closure, &own);
		if (!read_text(heap, own, text) && !read_text(heap, scope.inferred_name, text))
			strcpy(text, script->is_eval ? "eval" : "");
	}
	function->name = v8_names_get(functions->names, text);
	v8_script_line(script, scope.start_position, &function->start_line, &column);
	return function->name ? 0 : -ENOMEM;
}

/* Reads the function of @shared, whose identity was checked, and that it still is there then. */
static int add_function(struct v8_functions *functions, const struct v8_shared *shared,
			uint64_t closure, struct v8_script *script, struct v8_function **ret)
{
	struct v8_function_entry *entry;
	struct v8_shared again;
	int err;

	if (HASH_COUNT(functions->entries) >= MAX_FUNCTIONS)
		return -ENOSPC;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	entry->function.key = (struct v8_function_key){script, (uint32_t)shared->literal_id};
	err = read_name(functions, shared, closure, script, &entry->function);
	if (!err)
		err = v8_shared_read(functions->heap, shared->object, &again);
	if (!err && (again.script != shared->script || again.name != shared->name ||
		     again.literal_id != shared->literal_id))
		err = -ESTALE;
	if (err) {
		free(entry);
		return err;
	}
	HASH_ADD(hh, functions->entries, function.key, sizeof(entry->function.key), entry);
	*ret = &entry->function;
	return 0;
}

static void read_bytecode(struct v8_functions *functions, uint64_t object,
			  struct v8_function *function)
{
	struct v8_bytecode_copy copy;

	if (v8_bytecode_read(functions->heap, object, &copy))
		return;
	function->bytecode = copy.bytes;
	function->bytecode_size = copy.size;
	function->positions = copy.positions;
	function->positions_size = copy.positions_size;
	function->has_bytecode = true;
}

static bool is_frames(struct v8_heap *heap, const struct v8_shared *shared,
		      const struct ht_js_frame *frame)
{
	int32_t id;

	return shared->literal_id == (int32_t)frame->literal_id &&
	       !v8_script_read_id(heap, shared->script, &id) && id == (int32_t)frame->script_id;
}

/* *ret_closure is the frame's JSFunction when it still is where the frame says, else 0. */
static int find_shared(struct v8_functions *functions, const struct ht_js_frame *frame,
		       struct v8_shared *ret, uint64_t *ret_closure)
{
	struct v8_heap *heap = functions->heap;
	uint64_t object;
	int32_t id;
	int err;

	*ret_closure = frame->function;
	if (!v8_shared_of_function(heap, frame->function, &object) &&
	    !v8_shared_read(heap, object, ret) && is_frames(heap, ret, frame))
		return 0;
	*ret_closure = 0;
	err = v8_script_read_id(heap, frame->script, &id);
	if (!err && id != (int32_t)frame->script_id)
		err = -ESTALE;
	if (!err)
		err = v8_shared_of_script(heap, frame->script, frame->literal_id, &object);
	if (!err)
		err = v8_shared_read(heap, object, ret);
	if (err)
		return err;
	return is_frames(heap, ret, frame) ? 0 : -ESTALE;
}

/* Also when neither function nor script can be read any more but the script's id was met before. */
static int find_function(struct v8_functions *functions, const struct ht_js_frame *frame,
			 const struct v8_shared *shared, uint64_t closure, struct v8_function **ret)
{
	struct v8_script *script;
	int err = v8_scripts_get(functions->scripts, shared ? shared->script : frame->script,
				 (int32_t)frame->script_id, &script);

	if (err)
		return err;
	*ret = find_known(functions, script, (int32_t)frame->literal_id);
	if (*ret)
		return 0;
	return shared ? add_function(functions, shared, closure, script, ret) : -ESTALE;
}

int v8_functions_of_frame(struct v8_functions *functions, const struct ht_js_frame *frame,
			  bool with_bytecode, struct v8_function **ret)
{
	struct v8_script *script =
		v8_scripts_known(functions->scripts, frame->script, (int32_t)frame->script_id);
	struct v8_function *function =
		script ? find_known(functions, script, (int32_t)frame->literal_id) : NULL;
	struct v8_shared shared;
	uint64_t bytecode, closure;
	bool is_found;
	int err;

	if (function && (function->has_bytecode || !with_bytecode)) {
		*ret = function;
		return 0;
	}
	is_found = !find_shared(functions, frame, &shared, &closure);
	if (!function) {
		err = find_function(functions, frame, is_found ? &shared : NULL, closure,
				    &function);
		if (err)
			return err;
	}
	/* Never frame->bytecode alone: nothing in it says whose it is. */
	if (with_bytecode && !function->has_bytecode && is_found &&
	    !v8_shared_bytecode(functions->heap, &shared, &bytecode))
		read_bytecode(functions, bytecode, function);
	*ret = function;
	return 0;
}

int v8_functions_of_shared(struct v8_functions *functions, uint64_t object,
			   struct v8_function **ret)
{
	struct v8_script *script;
	struct v8_shared shared;
	int32_t id;
	int err = v8_shared_read(functions->heap, object, &shared);

	if (!err)
		err = v8_script_read_id(functions->heap, shared.script, &id);
	if (!err)
		err = v8_scripts_get(functions->scripts, shared.script, id, &script);
	if (err)
		return err;
	*ret = find_known(functions, script, shared.literal_id);
	return *ret ? 0 : add_function(functions, &shared, 0, script, ret);
}
