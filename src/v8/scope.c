// SPDX-License-Identifier: Apache-2.0
/*
 * A ScopeInfo is a row of words behind its map: flags, counts, names and infos of the context's
 * locals, and then what the flags say there is (V8's src/objects/scope-info.tq).
 */
#include <errno.h>
#include <string.h>

#include "v8/scope.h"

/* Flags, the same from 10.2 to 14.6. */
#define HAS_CLASS_VARIABLE(flags)    ((flags) >> 10 & 1)
#define HAS_FUNCTION_VARIABLE(flags) ((flags) >> 12 & 3)
#define HAS_INFERRED_NAME(flags)     ((flags) >> 14 & 1)

#define MAX_INLINE_NAMES 75 /* with as many locals their names are in one table */
#define MAX_LOCALS	 (1 << 20)
#define HEAD_WORDS	 6 /* the map too */
#define TAIL_WORDS	 6 /* class variable, function name and index, inferred name, positions */

int v8_scope_read(struct v8_heap *heap, uint64_t object, struct v8_scope *ret)
{
	const struct v8_offsets *at = &heap->layout->offsets;
	uint64_t head[HEAD_WORDS], tail[TAIL_WORDS];
	struct v8_scope scope = {.start_position = -1};
	uint32_t flags, behind, next = 0;
	int32_t nr_locals;
	int err = v8_heap_read_typed(heap, object, heap->layout->types.scope_info, head,
				     sizeof(head));

	if (err)
		return err;
	if (at->scope_locals + 1 >= HEAD_WORDS || at->scope_vars + 1 > HEAD_WORDS)
		return -ESTALE;
	/* A small integer until 12.4, a plain one in 13.6; neither is ever 0. */
	flags = (uint32_t)head[1] ? (uint32_t)head[1] : (uint32_t)HT_V8_SMI(head[1]);
	nr_locals = HT_V8_SMI(head[at->scope_locals + 1]);
	if (nr_locals < 0 || nr_locals > MAX_LOCALS)
		return -ESTALE;
	behind = 1 + (uint32_t)at->scope_vars + (uint32_t)nr_locals +
		 (nr_locals < MAX_INLINE_NAMES ? (uint32_t)nr_locals : 1);
	memset(tail, 0, sizeof(tail));
	/* The end of the object, and of its page, may come before. */
	for (uint32_t nr = TAIL_WORDS; nr; nr--)
		if (!v8_heap_read(heap, object + behind * sizeof(*tail), tail, nr * sizeof(*tail)))
			break;
	next += HAS_CLASS_VARIABLE(flags);
	if (HAS_FUNCTION_VARIABLE(flags)) {
		scope.name = HT_V8_IS_OBJECT(tail[next]) ? tail[next] : 0;
		next += 2;
	}
	if (HAS_INFERRED_NAME(flags)) {
		scope.inferred_name = HT_V8_IS_OBJECT(tail[next]) ? tail[next] : 0;
		next++;
	}
	if (at->scope_positions)
		scope.start_position = HT_V8_SMI(head[at->scope_vars - 1]);
	else
		scope.start_position = HT_V8_SMI(tail[next]);
	*ret = scope;
	return 0;
}
