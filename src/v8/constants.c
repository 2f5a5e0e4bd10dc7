// SPDX-License-Identifier: Apache-2.0
/*
 * From symbol names to fields of the layout: one row for each name a constant has had. A constant
 * of value zero lies in .bss, where a file has no bytes. What has no row is not needed.
 */
#include <stddef.h>
#include <string.h>

#include "v8/constants.h"

#define DEBUG_PREFIX   "v8dbg_"
#define FRAME_PREFIX   "v8dbg_frametype_"
#define BUILTIN_PREFIX "Builtins_"

struct row {
	const char *name; /* without v8dbg_ */
	size_t field;	  /* of an int32_t in struct v8_layout */
};

#define OFFSET(field) offsetof(struct v8_layout, offsets.field)
#define TYPE(field)   offsetof(struct v8_layout, types.field)

static const struct row rows[] = {
	{"class_Map__instance_type__uint16_t", OFFSET(map_type)},
	{"class_Map__instance_descriptors_offset", OFFSET(map_descriptors)},
	{"class_DescriptorArray__header_size__uintptr_t", OFFSET(descriptors_header)},
	{"class_JSFunction__shared__SharedFunctionInfo", OFFSET(function_shared)},
	{"class_SharedFunctionInfo__function_data__Object", OFFSET(shared_data)},
	{"class_SharedFunctionInfo__name_or_scope_info__Object", OFFSET(shared_name)},
	{"class_SharedFunctionInfo__name_or_scope_info__Tagged_Object_", OFFSET(shared_name)},
	{"class_SharedFunctionInfo__name_or_scope_info__Tagged_NameOrScopeInfoT_",
	 OFFSET(shared_name)},
	{"class_SharedFunctionInfo__script_or_debug_info__HeapObject", OFFSET(shared_script)},
	{"class_SharedFunctionInfo__script__Tagged_HeapObject_", OFFSET(shared_script)},
	{"class_SharedFunctionInfo__raw_script__Tagged_Object_", OFFSET(shared_script)},
	{"class_SharedFunctionInfo__flags__int", OFFSET(shared_flags)},
	{"class_Script__source__Object", OFFSET(script_source)},
	{"class_Script__name__Object", OFFSET(script_name)},
	{"class_Script__line_ends__Object", OFFSET(script_line_ends)},
	{"class_Script__eval_from_shared_or_wrapped_arguments_or_sfi_table__Object",
	 OFFSET(script_eval_shared)},
	{"class_Script__eval_from_shared_or_wrapped_arguments__Object", OFFSET(script_eval_shared)},
	{"class_Script__eval_from_shared_or_wrapped_arguments__Tagged_Object_",
	 OFFSET(script_eval_shared)},
	{"class_Script__eval_from_position__SMI", OFFSET(script_eval_position)},
	{"class_String__length__int32_t", OFFSET(string_length)},
	{"class_SeqOneByteString__chars__char", OFFSET(string_chars)},
	{"class_ConsString__first__String", OFFSET(cons_first)},
	{"class_ConsString__second__String", OFFSET(cons_second)},
	{"class_ThinString__actual__String", OFFSET(thin_actual)},
	{"class_SlicedString__parent__String", OFFSET(sliced_parent)},
	{"class_SlicedString__offset__SMI", OFFSET(sliced_offset)},
	{"class_FixedArrayBase__length__SMI", OFFSET(array_length)},
	{"class_FixedArray__data__uintptr_t", OFFSET(array_data)},
	{"class_BytecodeArray__length__SMI", OFFSET(bytecode_length)},
	{"class_BytecodeArray__data__uintptr_t", OFFSET(bytecode_data)},
	{"class_UncompiledData__inferred_name__String", OFFSET(uncompiled_inferred)},
	{"class_UncompiledData__start_position__int32_t", OFFSET(uncompiled_start)},
	{"scopeinfo_idx_ncontextlocals", OFFSET(scope_locals)},
	{"scopeinfo_idx_first_vars", OFFSET(scope_vars)},
	{"class_Code__instruction_start__Address", OFFSET(code_start)},
	{"class_Code__instruction_start__uintptr_t", OFFSET(code_start)},
	{"class_Code__instruction_size__int", OFFSET(code_size)},
	{"class_Code__flags__uint32_t", OFFSET(code_flags)},
	{"class_Code__source_position_table__ByteArray", OFFSET(code_positions)},
	{"class_Code__deoptimization_data__FixedArray", OFFSET(code_deopt)},
	{"class_InstructionStream__instruction_start__uintptr_t", OFFSET(stream_start)},
	{"DeoptimizationDataLiteralArrayIndex", OFFSET(deopt_literals)},
	{"DeoptimizationDataSharedFunctionInfoIndex", OFFSET(deopt_shared)},
	{"DeoptimizationDataWrappedSharedFunctionInfoIndex", OFFSET(deopt_shared)},
	{"DeoptimizationDataInliningPositionsIndex", OFFSET(deopt_inlining)},

	{"type_JSFunction__JS_FUNCTION_TYPE", TYPE(function_first)},
	{"FirstJSFunctionType", TYPE(function_first)},
	{"LastJSFunctionType", TYPE(function_last)},
	{"type_SharedFunctionInfo__SHARED_FUNCTION_INFO_TYPE", TYPE(shared)},
	{"type_Script__SCRIPT_TYPE", TYPE(script)},
	{"type_ScopeInfo__SCOPE_INFO_TYPE", TYPE(scope_info)},
	{"type_BytecodeArray__BYTECODE_ARRAY_TYPE", TYPE(bytecode_array)},
	{"type_InterpreterData__INTERPRETER_DATA_TYPE", TYPE(interpreter_data)},
	{"type_FixedArray__FIXED_ARRAY_TYPE", TYPE(fixed_array)},
	{"type_WeakFixedArray__WEAK_FIXED_ARRAY_TYPE", TYPE(weak_fixed_array)},
	{"type_ByteArray__BYTE_ARRAY_TYPE", TYPE(byte_array)},
	{"type_TrustedByteArray__TRUSTED_BYTE_ARRAY_TYPE", TYPE(trusted_byte_array)},
	{"type_Code__CODE_TYPE", TYPE(code)},
	{"type_InstructionStream__INSTRUCTION_STREAM_TYPE", TYPE(stream)},
	{"type_UncompiledDataWithPreparseData__UNCOMPILED_DATA_WITH_PREPARSE_DATA_TYPE",
	 TYPE(uncompiled[0])},
	{"type_UncompiledDataWithoutPreparseData__UNCOMPILED_DATA_WITHOUT_PREPARSE_DATA_TYPE",
	 TYPE(uncompiled[1])},
	{"type_UncompiledDataWithPreparseDataAndJob__UNCOMPILED_DATA_WITH_PREPARSE_DATA_AND_JOB_"
	 "TYPE",
	 TYPE(uncompiled[2])},
	{"type_UncompiledDataWithoutPreparseDataWithJob__UNCOMPILED_DATA_WITHOUT_PREPARSE_DATA_"
	 "WITH_JOB_TYPE",
	 TYPE(uncompiled[3])},
	{"CodeKindFieldMask", TYPE(kind_mask)},
	{"CodeKindFieldShift", TYPE(kind_shift)},
	{"CodeKindInterpretedFunction", TYPE(kind_interpreted)},
	{"CodeKindBaseline", TYPE(kind_baseline)},
};

/* Numbers of the layout that are no int32_t with V8_UNKNOWN. */
struct number_row {
	const char *name;
	size_t field, size;
};

#define NUMBER(field) offsetof(struct v8_layout, field), sizeof(((struct v8_layout *)0)->field)

static const struct number_row number_rows[] = {
	{"v8dbg_off_fp_context", NUMBER(walker.fp_context)},
	{"v8dbg_off_fp_function", NUMBER(walker.fp_function)},
	{"v8dbg_off_fp_bytecode_array", NUMBER(walker.fp_bytecode_array)},
	{"v8dbg_off_fp_bytecode_offset", NUMBER(walker.fp_bytecode_offset)},
	{"_ZN2v88internal7Version6major_E", NUMBER(major)},
	{"_ZN2v88internal7Version6minor_E", NUMBER(minor)},
	{"_ZN2v88internal7Version6build_E", NUMBER(build)},
	{"_ZN2v88internal7Version6patch_E", NUMBER(patch)},
};

/* Addresses that are kept. */
struct address_row {
	const char *name;
	size_t vaddr, size; /* fields of struct v8_constants; size 0: not kept */
};

#define ADDRESS(field) offsetof(struct v8_constants, field)

static const struct address_row address_rows[] = {
	{"_ZN2v88internal11interpreter9Bytecodes14kBytecodeSizesE", ADDRESS(sizes_vaddr),
	 ADDRESS(sizes_size)},
	{"_ZN2v88internal23DefaultEmbeddedBlobCodeEv", ADDRESS(blob_code), 0},
	{"_ZN2v88internal27DefaultEmbeddedBlobCodeSizeEv", ADDRESS(blob_code_size), 0},
	{"_ZN2v88internal23DefaultEmbeddedBlobDataEv", ADDRESS(blob_data), 0},
	{"Builtins_InterpreterEntryTrampoline", ADDRESS(interpreter), ADDRESS(interpreter_size)},
};

#define NR(array) (sizeof(array) / sizeof((array)[0]))

static bool is_named(const struct elf_named *symbol, const char *name)
{
	return symbol->length == strlen(name) && !memcmp(symbol->name, name, symbol->length);
}

static bool begins(const struct elf_named *symbol, const char *prefix)
{
	return !strncmp(symbol->name, prefix, strlen(prefix));
}

/* false: no variable. One that the file has no bytes of lies in .bss. */
static bool read_int(const struct elf_image *image, const struct elf_named *symbol, int32_t *ret)
{
	int32_t value;

	if (symbol->function || symbol->size < sizeof(value))
		return false;
	if (elf_image_read(image, symbol->vaddr, &value, sizeof(value)) != (long)sizeof(value))
		value = 0;
	*ret = value;
	return true;
}

static enum v8_frame_label label_of(const struct elf_named *symbol)
{
	static const struct {
		const char *part;
		enum v8_frame_label label;
	} labels[] = {
		{"Wasm", V8_LABEL_WASM},      {"Irregexp", V8_LABEL_REGEXP},
		{"Exit", V8_LABEL_EXIT},      {"Builtin", V8_LABEL_BUILTIN},
		{"Construct", V8_LABEL_STUB}, {"Stub", V8_LABEL_STUB},
		{"Internal", V8_LABEL_STUB},
	};

	for (size_t i = 0; i < NR(labels); i++)
		if (memmem(symbol->name, symbol->length, labels[i].part, strlen(labels[i].part)))
			return labels[i].label;
	return V8_LABEL_OTHER;
}

static void take_debug(struct v8_constants *constants, const struct elf_named *symbol)
{
	struct elf_named rest = *symbol;
	int32_t value;

	if (!read_int(constants->image, symbol, &value))
		return;
	constants->nr_debug++;
	if (is_named(symbol, "v8dbg_TaggedSize"))
		constants->tagged_size = (uint32_t)value;
	if (begins(symbol, FRAME_PREFIX) && value > 0 && value < V8_MAX_FRAME_TYPES)
		constants->layout->frame_labels[value] = (uint8_t)label_of(symbol);
	rest.name += strlen(DEBUG_PREFIX);
	rest.length -= strlen(DEBUG_PREFIX);
	for (size_t i = 0; i < NR(rows); i++) {
		if (!is_named(&rest, rows[i].name))
			continue;
		memcpy((char *)constants->layout + rows[i].field, &value, sizeof(value));
		constants->nr_known++;
	}
}

static void take_number(struct v8_constants *constants, const struct elf_named *symbol)
{
	for (size_t i = 0; i < NR(number_rows); i++) {
		int32_t value;

		if (!is_named(symbol, number_rows[i].name) ||
		    !read_int(constants->image, symbol, &value))
			continue;
		/* The low bytes: this is x86-64. */
		memcpy((char *)constants->layout + number_rows[i].field, &value,
		       number_rows[i].size);
		constants->nr_versions += symbol->name[0] == '_';
	}
}

static void take_address(struct v8_constants *constants, const struct elf_named *symbol)
{
	for (size_t i = 0; i < NR(address_rows); i++) {
		if (!is_named(symbol, address_rows[i].name))
			continue;
		memcpy((char *)constants + address_rows[i].vaddr, &symbol->vaddr, sizeof(uint64_t));
		if (address_rows[i].size)
			memcpy((char *)constants + address_rows[i].size, &symbol->size,
			       sizeof(uint64_t));
	}
}

static void take_builtin(struct v8_constants *constants, const struct elf_named *symbol)
{
	uint64_t end = symbol->vaddr + symbol->size;

	if (!symbol->function || end < symbol->vaddr)
		return;
	if (!constants->builtins_start || symbol->vaddr < constants->builtins_start)
		constants->builtins_start = symbol->vaddr;
	if (end > constants->builtins_end)
		constants->builtins_end = end;
}

static int visit(const struct elf_named *symbol, void *arg)
{
	struct v8_constants *constants = arg;

	if (symbol->length > strlen(DEBUG_PREFIX) && begins(symbol, DEBUG_PREFIX)) {
		take_debug(constants, symbol);
		take_number(constants, symbol);
	} else if (begins(symbol, BUILTIN_PREFIX)) {
		take_builtin(constants, symbol);
		take_address(constants, symbol);
	} else if (begins(symbol, "_ZN2v88internal")) {
		take_number(constants, symbol);
		take_address(constants, symbol);
	}
	return 0;
}

void v8_constants_read(const struct elf_image *image, struct v8_layout *layout,
		       struct v8_constants *ret)
{
	*ret = (struct v8_constants){.image = image, .layout = layout};
	elf_image_each_symbol(image, visit, ret);
}
