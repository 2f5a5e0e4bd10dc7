/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scripts of a process: their names, and from a position in the source to line and column.
 * An id is unique in one isolate only (a worker thread has its own), so a script is known by id and
 * address; the same script at another address is recognized.
 */
#ifndef HEAPTAP_V8_SCRIPT_H
#define HEAPTAP_V8_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "v8/heap.h"
#include "v8/lines.h"
#include "v8/names.h"

struct v8_script {
	int32_t id;
	const char *name;
	bool is_eval;
	bool is_wrapped; /* compiled as a function's body, as CommonJS modules are */
	int32_t line_offset, column_offset;
	uint32_t source_length; /* characters, to recognize it */
	struct v8_lines lines;
	struct v8_script *same_id; /* of other isolates */
};

struct v8_script_place;
struct v8_script_id;

struct v8_scripts {
	struct v8_heap *heap;
	struct v8_names *names;
	struct v8_script_place *places; /* by address and id */
	struct v8_script_id *ids;
	uint64_t nr_cut; /* sources longer than V8_MAX_SOURCE */
};

/* Both are borrowed for the life of *scripts. */
void v8_scripts_init(struct v8_scripts *scripts, struct v8_heap *heap, struct v8_names *names);
void v8_scripts_done(struct v8_scripts *scripts);

/* Without reading: NULL when it is not known. */
struct v8_script *v8_scripts_known(const struct v8_scripts *scripts, uint64_t address, int32_t id);

/* The script with the object @address (tagged), whose id must be @id; when it is not there any more
 * the only script with that id. -ESTALE when there is none. */
int v8_scripts_get(struct v8_scripts *scripts, uint64_t address, int32_t id,
		   struct v8_script **ret);

/* The id of the Script at @address. -ESTALE when it is no Script. */
int v8_script_read_id(struct v8_heap *heap, uint64_t address, int32_t *ret);

/* From 1; 0 when not known. */
void v8_script_line(const struct v8_script *script, int32_t position, int32_t *ret_line,
		    int32_t *ret_column);

#endif
