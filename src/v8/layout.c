// SPDX-License-Identifier: Apache-2.0
/*
 * The layout of one V8: what its constants say, and from a table by version what no constant says.
 * The table was measured on Node 18 to 26; a newer V8 is taken for the newest that is known, and
 * the layout says so.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "v8/blob.h"
#include "v8/constants.h"

#define OLDEST	      V8_VERSION(10, 2) /* Node 18 */
#define NEW_POSITIONS V8_VERSION(14, 0) /* measured: 13.6 old, 14.1 new */

/* The versions that were tested (Node 18, 20, 22, 24, 25, 26). */
static const uint32_t tested[] = {
	V8_VERSION(10, 2), V8_VERSION(11, 3), V8_VERSION(12, 4),
	V8_VERSION(13, 6), V8_VERSION(14, 1), V8_VERSION(14, 6),
};

/* What holds from a version on when there is no constant for it; of several rows the last one. */
struct fact {
	size_t field; /* of an int32_t in struct v8_layout */
	uint32_t from;
	int32_t value;
};

#define OFFSET(field) offsetof(struct v8_layout, offsets.field)
#define TYPE(field)   offsetof(struct v8_layout, types.field)

static const struct fact facts[] = {
	{OFFSET(shared_data), 0, 8},
	{OFFSET(script_line_offset), 0, 24},
	{OFFSET(script_column_offset), 0, 32},
	{OFFSET(script_id), 0, 64},
	{OFFSET(script_eval_shared), 0, 72},
	{OFFSET(script_eval_position), 0, 80},
	{OFFSET(script_infos), 0, 88},
	{OFFSET(script_flags), 0, 96},
	{OFFSET(script_flags), V8_VERSION(11, 3), 104},
	{OFFSET(script_source_url), 0, 104},
	{OFFSET(script_source_url), V8_VERSION(11, 3), 112},
	{OFFSET(external_data), 0, 24},
	{OFFSET(bytecode_length), 0, 8},
	{OFFSET(bytecode_positions), 0, 32},
	{OFFSET(bytecode_positions), V8_VERSION(12, 0), 24},
	{OFFSET(interpreter_bytecode), 0, 8},
	{OFFSET(scope_positions), 0, 0},
	{OFFSET(scope_positions), V8_VERSION(12, 8), 1},
	{OFFSET(code_start), V8_VERSION(11, 3), 40},
	{OFFSET(code_size), V8_VERSION(11, 3), 56},
	{OFFSET(code_flags), V8_VERSION(11, 3), 48},
	{OFFSET(code_positions), 0, 24},
	{OFFSET(code_positions), V8_VERSION(12, 0), 16},
	{OFFSET(code_deopt), 0, 16},
	{OFFSET(code_deopt), V8_VERSION(12, 0), 8},
	{OFFSET(stream_code), V8_VERSION(11, 3), 8},
	{OFFSET(deopt_literals), 0, 2},
	{OFFSET(deopt_inlining), 0, 7},
	{OFFSET(deopt_shared), 0, 6},
	{TYPE(members_first), 0, 24},
	{TYPE(members_last), 0, 24},
	{TYPE(members_last), V8_VERSION(14, 6), 25},
	{TYPE(static_first), 0, 25},
	{TYPE(static_first), V8_VERSION(14, 6), 26},
	{TYPE(static_last), 0, 25},
	{TYPE(static_last), V8_VERSION(14, 6), 27},
};

#define NR(array) (sizeof(array) / sizeof((array)[0]))

/* Without these nothing can be named. */
static const struct needed {
	size_t field;
	const char *name;
} needed[] = {
	{OFFSET(map_type), "Map::instance_type"},
	{OFFSET(function_shared), "JSFunction::shared"},
	{OFFSET(shared_name), "SharedFunctionInfo::name_or_scope_info"},
	{OFFSET(shared_script), "SharedFunctionInfo::script"},
	{OFFSET(script_source), "Script::source"},
	{OFFSET(script_name), "Script::name"},
	{OFFSET(script_line_ends), "Script::line_ends"},
	{OFFSET(string_length), "String::length"},
	{OFFSET(string_chars), "SeqOneByteString::chars"},
	{OFFSET(array_length), "FixedArray::length"},
	{OFFSET(array_data), "FixedArray::data"},
	{OFFSET(bytecode_data), "BytecodeArray::data"},
	{OFFSET(scope_locals), "scopeinfo_idx_ncontextlocals"},
	{OFFSET(scope_vars), "scopeinfo_idx_first_vars"},
	{OFFSET(code_start), "Code::instruction_start"},
	{OFFSET(code_size), "Code::instruction_size"},
	{OFFSET(code_flags), "Code::flags"},
	{TYPE(function_first), "JS_FUNCTION_TYPE"},
	{TYPE(shared), "SHARED_FUNCTION_INFO_TYPE"},
	{TYPE(script), "SCRIPT_TYPE"},
	{TYPE(scope_info), "SCOPE_INFO_TYPE"},
	{TYPE(bytecode_array), "BYTECODE_ARRAY_TYPE"},
	{TYPE(fixed_array), "FIXED_ARRAY_TYPE"},
	{TYPE(byte_array), "BYTE_ARRAY_TYPE"},
	{TYPE(code), "CODE_TYPE"},
	{TYPE(kind_mask), "CodeKindFieldMask"},
	{TYPE(kind_baseline), "CodeKindBaseline"},
};

/* Of a JSFunction type and its neighbours, class constructors among them, where no constant says
 * it (before 12). */
#define NR_FUNCTION_TYPES 16

/* From SharedFunctionInfo::script on, in all versions. */
#define LITERAL_BEHIND_SCRIPT 20

static int32_t *field_of(struct v8_layout *layout, size_t field)
{
	return (int32_t *)((char *)layout + field);
}

static void complete(struct v8_layout *layout, uint32_t version)
{
	int32_t value[NR(facts)];

	/* Decided first, so that of several rows the last one counts. */
	for (size_t i = 0; i < NR(facts); i++)
		value[i] = *field_of(layout, facts[i].field);
	for (size_t i = 0; i < NR(facts); i++)
		if (value[i] == V8_UNKNOWN && version >= facts[i].from)
			*field_of(layout, facts[i].field) = facts[i].value;
	if (layout->types.function_last == V8_UNKNOWN)
		layout->types.function_last = layout->types.function_first + NR_FUNCTION_TYPES;
	if (layout->offsets.shared_literal == V8_UNKNOWN)
		layout->offsets.shared_literal =
			layout->offsets.shared_script + LITERAL_BEHIND_SCRIPT;
	layout->new_positions = version >= NEW_POSITIONS;
}

static int check(struct v8_layout *layout, const struct v8_constants *constants)
{
	if (constants->tagged_size != sizeof(uint64_t)) {
		snprintf(layout->note, sizeof(layout->note),
			 constants->nr_debug ? "its V8 has pointer compression"
					     : "it has no v8dbg_* constants: V8's symbols were "
					       "stripped");
		return -ENOTSUP;
	}
	for (size_t i = 0; i < NR(needed); i++) {
		if (*field_of(layout, needed[i].field) >= 0)
			continue;
		snprintf(layout->note, sizeof(layout->note), "V8 %u.%u: no constant for %s",
			 layout->major, layout->minor, needed[i].name);
		return -ENOTSUP;
	}
	return 0;
}

/* Of what is read of an object at once; in bytes, for a word at the offset. */
static const struct limit {
	size_t first, last; /* fields */
	int32_t min, max;
} limits[] = {
	{OFFSET(map_type), OFFSET(map_type), 0, 64},
	{OFFSET(map_descriptors), OFFSET(descriptors_header), V8_UNKNOWN, 64},
	{OFFSET(function_shared), OFFSET(shared_literal), 0, 88},
	{OFFSET(script_source), OFFSET(script_source_url), 0, 120},
	{OFFSET(string_length), OFFSET(string_length), 0, 12},
	{OFFSET(string_chars), OFFSET(string_chars), 0, 64},
	{OFFSET(cons_first), OFFSET(external_data), 0, 24},
	{OFFSET(array_length), OFFSET(array_data), 0, 64},
	{OFFSET(bytecode_length), OFFSET(bytecode_positions), 0, 32},
	{OFFSET(bytecode_data), OFFSET(bytecode_data), 0, 256},
	{OFFSET(interpreter_bytecode), OFFSET(interpreter_bytecode), 0, 64},
	{OFFSET(uncompiled_inferred), OFFSET(uncompiled_start), V8_UNKNOWN, 24},
	{OFFSET(scope_locals), OFFSET(scope_locals), 0, 4},
	{OFFSET(scope_vars), OFFSET(scope_vars), 1, 5},
	{OFFSET(scope_positions), OFFSET(scope_positions), 0, 1},
	{OFFSET(code_start), OFFSET(code_start), 0, 256},
	{OFFSET(code_size), OFFSET(code_deopt), 0, 120},
	{OFFSET(stream_code), OFFSET(stream_start), V8_UNKNOWN, 256},
	{OFFSET(deopt_literals), OFFSET(deopt_shared), 0, 64},
	{OFFSET(shared_flags), OFFSET(shared_flags), V8_UNKNOWN, 88},
	{TYPE(kind_mask), TYPE(kind_mask), 1, INT32_MAX},
	{TYPE(kind_shift), TYPE(kind_shift), V8_UNKNOWN, 31},
};

bool v8_layout_is_sane(const struct v8_layout *layout)
{
	for (size_t i = 0; i < NR(limits); i++)
		for (size_t at = limits[i].first; at <= limits[i].last; at += sizeof(int32_t)) {
			int32_t value;

			memcpy(&value, (const char *)layout + at, sizeof(value));
			if (value < limits[i].min || value > limits[i].max)
				return false;
		}
	for (size_t i = 0; i < V8_MAX_FRAME_TYPES; i++)
		if (layout->frame_labels[i] >= V8_NR_LABELS)
			return false;
	/* Where code has its instructions elsewhere, the way there must be known. */
	return layout->nr_bytecodes <= V8_MAX_BYTECODES &&
	       (layout->types.stream == V8_UNKNOWN ||
		(layout->offsets.stream_code >= 0 && layout->offsets.stream_start >= 0 &&
		 layout->offsets.code_start <= 120));
}

static void note_assumptions(struct v8_layout *layout, uint32_t version)
{
	uint32_t newest = tested[NR(tested) - 1];

	for (size_t i = 0; i < NR(tested); i++)
		if (tested[i] == version)
			return;
	layout->assumed = true;
	snprintf(layout->note, sizeof(layout->note),
		 "V8 %u.%u was not tested: what its constants do not say (position tables, "
		 "Script::id and flags, ScopeInfo, Code, deoptimization data) is taken from %s",
		 layout->major, layout->minor,
		 version > newest ? "V8 14.6" : "the nearest older version");
}

static void set_sizes(struct v8_layout *layout, const struct v8_constants *constants)
{
	uint64_t nr = constants->sizes_size / V8_NR_SCALES;

	if (!nr || nr > V8_MAX_BYTECODES)
		return;
	for (uint32_t scale = 0; scale < V8_NR_SCALES; scale++)
		if (elf_image_read(constants->image, constants->sizes_vaddr + scale * nr,
				   layout->bytecode_sizes[scale], nr) != (long)nr)
			return;
	layout->nr_bytecodes = (uint32_t)nr;
}

static void set_walker(struct v8_layout *layout)
{
	layout->walker.function_shared = (uint16_t)layout->offsets.function_shared;
	layout->walker.shared_script = (uint16_t)layout->offsets.shared_script;
	layout->walker.shared_literal = (uint16_t)layout->offsets.shared_literal;
	layout->walker.script_id = (uint16_t)layout->offsets.script_id;
}

int v8_layout_read(const struct elf_image *image, struct v8_layout *ret)
{
	struct v8_constants constants;
	uint32_t version;
	int err;

	memset(ret, 0, sizeof(*ret));
	memset(&ret->offsets, 0xff, sizeof(ret->offsets)); /* V8_UNKNOWN */
	memset(&ret->types, 0xff, sizeof(ret->types));
	v8_constants_read(image, ret, &constants);
	if (!constants.nr_debug && constants.nr_versions < 4)
		return -ENOENT;
	version = V8_VERSION(ret->major, ret->minor);
	if (version < OLDEST) {
		snprintf(ret->note, sizeof(ret->note),
			 constants.nr_versions < 4 ? "its V8's version was not found"
						   : "V8 %u.%u is older than 10.2 (Node 18)",
			 ret->major, ret->minor);
		return -ENOTSUP;
	}
	complete(ret, version);
	err = check(ret, &constants);
	if (err)
		return err;
	if (!v8_layout_is_sane(ret)) {
		snprintf(ret->note, sizeof(ret->note),
			 "V8 %u.%u: its constants are not those of any V8 that is known",
			 ret->major, ret->minor);
		return -ENOTSUP;
	}
	set_sizes(ret, &constants);
	set_walker(ret);
	v8_blob_find(&constants, version, ret);
	note_assumptions(ret, version);
	return 0;
}
