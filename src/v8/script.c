// SPDX-License-Identifier: Apache-2.0
/*
 * Reads Script objects. Everything of a script is read when it is first met: later it may be gone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "v8/script.h"
#include "v8/string.h"

#define HEAD	    128	       /* bytes of a Script that are looked at */
#define MAX_NAME    4096       /* bytes; a data: URL may be longer and is cut */
#define MAX_SCRIPTS (1U << 18) /* of a process, as for functions */
#define IS_EVAL	    1	       /* of Script::flags: the compilation type */

struct script_key {
	uint64_t address;
	uint64_t id;
};

struct v8_script_place {
	struct script_key key;
	struct v8_script *script; /* owned by the list of its id */
	UT_hash_handle hh;
};

struct v8_script_id {
	int32_t id;
	struct v8_script *first;
	UT_hash_handle hh;
};

void v8_scripts_init(struct v8_scripts *scripts, struct v8_heap *heap, struct v8_names *names)
{
	*scripts = (struct v8_scripts){.heap = heap, .names = names};
}

static void free_script(struct v8_script *script)
{
	v8_lines_done(&script->lines);
	free(script);
}

void v8_scripts_done(struct v8_scripts *scripts)
{
	struct v8_script_place *place, *next_place;
	struct v8_script_id *id, *next_id;

	HASH_ITER (hh, scripts->places, place, next_place) {
		HASH_DEL(scripts->places, place);
		free(place);
	}
	HASH_ITER (hh, scripts->ids, id, next_id) {
		struct v8_script *script = id->first, *next;

		HASH_DEL(scripts->ids, id);
		for (; script; script = next) {
			next = script->same_id;
			free_script(script);
		}
		free(id);
	}
}

struct v8_script *v8_scripts_known(const struct v8_scripts *scripts, uint64_t address, int32_t id)
{
	const struct script_key key = {address, (uint32_t)id};
	struct v8_script_place *place;

	HASH_FIND(hh, scripts->places, &key, sizeof(key), place);
	return place ? place->script : NULL;
}

static int read_head(struct v8_heap *heap, uint64_t address, char head[HEAD])
{
	uint64_t id;
	int err = v8_heap_read_typed(heap, address, heap->layout->types.script, head, HEAD);

	if (err)
		return err;
	id = v8_word_at(head, heap->layout->offsets.script_id);
	return HT_V8_IS_OBJECT(id) ? -ESTALE : 0;
}

int v8_script_read_id(struct v8_heap *heap, uint64_t address, int32_t *ret)
{
	char head[HEAD];
	int err = read_head(heap, address, head);

	if (err)
		return err;
	*ret = HT_V8_SMI(v8_word_at(head, heap->layout->offsets.script_id));
	return 0;
}

/* As V8 does it: a sourceURL comment goes before the name. */
static int read_name(struct v8_scripts *scripts, const char *head, const char **ret)
{
	const struct v8_offsets *at = &scripts->heap->layout->offsets;
	char text[MAX_NAME];

	if (v8_string_read(scripts->heap, v8_word_at(head, at->script_source_url), text,
			   sizeof(text)) ||
	    !text[0])
		if (v8_string_read(scripts->heap, v8_word_at(head, at->script_name), text,
				   sizeof(text)))
			text[0] = '\0'; /* undefined */
	*ret = v8_names_get(scripts->names, text);
	return *ret ? 0 : -ENOMEM;
}

static int read_script(struct v8_scripts *scripts, const char *head, struct v8_script *script)
{
	const struct v8_offsets *at = &scripts->heap->layout->offsets;
	uint64_t source = v8_word_at(head, at->script_source);
	uint64_t shared = v8_word_at(head, at->script_eval_shared);
	uint16_t type;
	char string[16];
	int err = read_name(scripts, head, &script->name);

	if (err)
		return err;
	script->id = HT_V8_SMI(v8_word_at(head, at->script_id));
	script->line_offset = HT_V8_SMI(v8_word_at(head, at->script_line_offset));
	script->column_offset = HT_V8_SMI(v8_word_at(head, at->script_column_offset));
	script->is_eval = HT_V8_SMI(v8_word_at(head, at->script_flags)) & IS_EVAL;
	script->is_wrapped = !v8_heap_type(scripts->heap, shared, &type) &&
			     type == scripts->heap->layout->types.fixed_array;
	if (!v8_heap_read(scripts->heap, source, string, sizeof(string)))
		script->source_length = (uint32_t)v8_int_at(string, at->string_length);
	/* A source that cannot be read leaves the lines unknown. */
	err = v8_lines_read(scripts->heap, v8_word_at(head, at->script_line_ends), source,
			    &script->lines);
	if (err)
		v8_lines_done(&script->lines);
	scripts->nr_cut += script->lines.is_cut;
	return err == -ENOMEM ? err : 0;
}

static bool is_same(const struct v8_script *a, const struct v8_script *b)
{
	return a->name == b->name && a->source_length == b->source_length &&
	       a->is_eval == b->is_eval && a->line_offset == b->line_offset &&
	       a->column_offset == b->column_offset && a->lines.nr_ends == b->lines.nr_ends &&
	       (!a->lines.nr_ends ||
		!memcmp(a->lines.ends, b->lines.ends, a->lines.nr_ends * sizeof(*a->lines.ends)));
}

static int remember(struct v8_scripts *scripts, uint64_t address, struct v8_script *script)
{
	struct v8_script_place *place = calloc(1, sizeof(*place));

	if (!place)
		return -ENOMEM;
	place->key = (struct script_key){address, (uint32_t)script->id};
	place->script = script;
	HASH_ADD(hh, scripts->places, key, sizeof(place->key), place);
	return 0;
}

/* *script is taken: kept or freed for an equal one that is returned in its place. */
static int keep(struct v8_scripts *scripts, struct v8_script **script)
{
	struct v8_script *other;
	struct v8_script_id *id;

	HASH_FIND_INT(scripts->ids, &(*script)->id, id);
	for (other = id ? id->first : NULL; other; other = other->same_id) {
		if (!is_same(other, *script))
			continue;
		free_script(*script);
		*script = other;
		return 0;
	}
	if (!id) {
		id = calloc(1, sizeof(*id));
		if (!id) {
			free_script(*script);
			return -ENOMEM;
		}
		id->id = (*script)->id;
		HASH_ADD_INT(scripts->ids, id, id);
	}
	(*script)->same_id = id->first;
	id->first = *script;
	return 0;
}

static int find_by_id(const struct v8_scripts *scripts, int32_t id, struct v8_script **ret)
{
	struct v8_script_id *found;

	HASH_FIND_INT(scripts->ids, &id, found);
	if (!found || found->first->same_id)
		return -ESTALE;
	*ret = found->first;
	return 0;
}

int v8_scripts_get(struct v8_scripts *scripts, uint64_t address, int32_t id, struct v8_script **ret)
{
	const struct v8_offsets *at = &scripts->heap->layout->offsets;
	struct v8_script *script = v8_scripts_known(scripts, address, id);
	char head[HEAD];
	int err;

	if (script) {
		*ret = script;
		return 0;
	}
	err = read_head(scripts->heap, address, head);
	if (err || HT_V8_SMI(v8_word_at(head, at->script_id)) != id)
		return find_by_id(scripts, id, ret);
	if (HASH_COUNT(scripts->places) >= MAX_SCRIPTS)
		return -ENOSPC;
	script = calloc(1, sizeof(*script));
	if (!script)
		return -ENOMEM;
	err = read_script(scripts, head, script);
	if (err) {
		free_script(script);
		return err;
	}
	err = keep(scripts, &script);
	if (!err)
		err = remember(scripts, address, script);
	if (!err)
		*ret = script;
	return err;
}

void v8_script_line(const struct v8_script *script, int32_t position, int32_t *ret_line,
		    int32_t *ret_column)
{
	int32_t line, column;

	*ret_line = 0;
	*ret_column = 0;
	if (!v8_lines_find(&script->lines, position, &line, &column))
		return;
	if (!line)
		column = (int32_t)((uint32_t)column + (uint32_t)script->column_offset);
	*ret_line = (int32_t)((uint32_t)line + (uint32_t)script->line_offset + 1);
	*ret_column = (int32_t)((uint32_t)column + 1);
}
