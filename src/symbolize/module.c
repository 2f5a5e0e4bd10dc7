// SPDX-License-Identifier: Apache-2.0
/*
 * Gluing of one object: where its symbols and its DWARF are, and by how much the addresses of a
 * debug file differ from the object's (prelink moves one and not the other).
 *
 * The real function is called as the symbol table says, with the alias people know, so that a
 * profile reads the same with and without DWARF; DWARF names the inlined ones.
 */
#include "symbolize/module.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>

#include "elf/image.h"
#include "elf/plt.h"
#include "symbolize/debugfile.h"
#include "symbolize/demangle.h"
#include "symbolize/dwarf_lines.h"
#include "symbolize/embedded.h"
#include "symbolize/mapped.h"
#include "symbolize/symtab.h"
#include "util/utf8.h"

#define LINES_MAX     128 /* inlined functions of one address */
#define BUILD_ID_SIZE 129 /* 64 bytes in hex */

struct module {
	struct object *object;
	struct elf_image *image;
	struct mapped main, debug, common;
	struct embedded embedded;
	char build_id[BUILD_ID_SIZE];
	uint64_t debug_bias; /* added to an address of the debug file gives the object's */
	struct symtab *symbols;
	bool has_symbols;
	Dwarf *dwarf;
	uint64_t dwarf_bias; /* likewise, for dwarf */
	struct dwarf_units *units;
};

static void build_id_read(struct module *module)
{
	const unsigned char *bytes;
	const void *id;
	ssize_t size;

	size = dwelf_elf_gnu_build_id(module->main.elf, &id);
	bytes = id;
	for (ssize_t i = 0; i < size && 2 * i + 2 < BUILD_ID_SIZE; i++)
		sprintf(module->build_id + 2 * i, "%02x", bytes[i]);
}

static void debug_bias_read(struct module *module)
{
	uint64_t main_text, debug_text;

	if (mapped_text(&module->main, &main_text) && mapped_text(&module->debug, &debug_text))
		module->debug_bias = main_text - debug_text;
}

static int symbols_read(struct module *module)
{
	const struct {
		Elf *elf;
		uint32_t type;
		uint64_t bias;
	} tables[] = {
		{module->main.elf, SHT_SYMTAB, 0},
		{module->debug.elf, SHT_SYMTAB, module->debug_bias},
		{module->embedded.elf, SHT_SYMTAB, 0},
		{module->main.elf, SHT_DYNSYM, 0},
	};

	module->symbols = symtab_new();
	if (!module->symbols)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		long count = 0;

		if (tables[i].elf)
			count = symtab_add(module->symbols, tables[i].elf, tables[i].type,
					   tables[i].bias);
		if (count == -ENOMEM)
			return -ENOMEM;
		module->has_symbols |= count > 0;
	}
	symtab_sort(module->symbols);
	return 0;
}

/* DWARF is left out when it is broken or not complete: then symbols are all there is. */
static int dwarf_read(struct module *module, const struct debugfile_search *search)
{
	const struct mapped *from = &module->main;
	Dwarf *common = NULL;
	int err;

	if (!mapped_has_section(from, ".debug_info") && !mapped_has_section(from, ".zdebug_info")) {
		from = &module->debug;
		module->dwarf_bias = module->debug_bias;
	}
	if (!from->elf)
		return 0;
	module->dwarf = dwarf_begin_elf(from->elf, DWARF_C_READ, NULL);
	if (!module->dwarf)
		return 0;
	if (debugfile_find_common(search, module->dwarf, &module->common))
		return 0;
	if (module->common.elf) {
		common = dwarf_begin_elf(module->common.elf, DWARF_C_READ, NULL);
		if (!common)
			return 0;
		dwarf_setalt(module->dwarf, common);
	}
	err = dwarf_units_new(module->dwarf, &module->units);
	return err == -ENOMEM ? err : 0;
}

static int files_read(struct module *module, const struct module_options *options)
{
	const struct debugfile_search search = {
		.directories = options->debug_path,
		.root = module->object->root,
		.object = module->object->path_in_root,
	};
	bool complete = mapped_has_section(&module->main, ".symtab") &&
			(!options->lines || mapped_has_section(&module->main, ".debug_info"));
	int err;

	build_id_read(module);
	if (!complete && !debugfile_find(&search, &module->main, &module->debug))
		debug_bias_read(module);
	if (!mapped_has_section(&module->main, ".symtab") && !module->debug.elf)
		embedded_open(&module->main, &module->embedded);
	err = symbols_read(module);
	if (!err && options->lines)
		err = dwarf_read(module, &search);
	return err;
}

int module_open(struct object *object, const struct module_options *options, struct module **ret)
{
	struct module *module = calloc(1, sizeof(*module));
	int err = 0;

	if (!module)
		return -ENOMEM;
	module->object = object_get(object);
	if (object->fd >= 0 && !elf_image_open(object->fd, &module->image) &&
	    !mapped_open(object->fd, &module->main))
		err = files_read(module, options);
	if (err) {
		module_free(module);
		return err;
	}
	*ret = module;
	return 0;
}

static void module_close_files(struct module *module)
{
	Dwarf *common = module->dwarf && module->common.elf ? dwarf_getalt(module->dwarf) : NULL;

	dwarf_units_free(module->units);
	dwarf_end(module->dwarf);
	dwarf_end(common);
	symtab_free(module->symbols);
	embedded_done(&module->embedded);
	mapped_done(&module->common);
	mapped_done(&module->debug);
	mapped_done(&module->main);
	elf_image_free(module->image);
	module->units = NULL;
	module->dwarf = NULL;
	module->symbols = NULL;
	module->image = NULL;
}

void module_free(struct module *module)
{
	if (!module)
		return;
	module_close_files(module);
	object_put(module->object);
	free(module);
}

const char *module_build_id(const struct module *module)
{
	return module->build_id;
}

bool module_has_symbols(const struct module *module)
{
	return module->has_symbols;
}

bool module_has_lines(const struct module *module)
{
	return module->units != NULL;
}

/* Foreign text may be any bytes; control characters would break the lines of a report. */
static char *clean(char *text)
{
	if (!text)
		return NULL;
	utf8_repair(text);
	for (char *at = text; *at; at++) {
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	}
	return text;
}

/* The whole path of a frame's source file, "" when unknown. */
static char *source_path(const struct source_frame *frame)
{
	char *path;

	if (!frame->file || frame->file[0] == '/' || !frame->directory)
		return strdup(frame->file ? frame->file : "");
	return asprintf(&path, "%s/%s", frame->directory, frame->file) < 0 ? NULL : path;
}

static int named_append(struct named *named, char *system_name, const struct source_frame *frame)
{
	struct named_line *line = &named->lines[named->nr++];

	line->system_name = clean(system_name);
	line->name = system_name ? clean(demangle(system_name)) : NULL;
	line->file = clean(source_path(frame));
	line->line = frame->line;
	line->start_line = frame->start_line;
	return line->file && (!system_name || line->name) ? 0 : -ENOMEM;
}

/* What the symbol tables call @vaddr; NULL with 0 when they do not. */
static int symbol_name(struct module *module, uint64_t vaddr, char **ret_name)
{
	struct symbol_name symbol;
	char stub[512];
	int err = 0;

	*ret_name = NULL;
	if (!symtab_find(module->symbols, vaddr, &symbol))
		*ret_name = strndup(symbol.name, symbol.length);
	else if (!plt_find(module->main.elf, vaddr, stub, sizeof(stub)))
		err = asprintf(ret_name, "%s@plt", stub);
	else
		return 0;
	return err < 0 || !*ret_name ? -ENOMEM : 0;
}

/* The names and lines of @frames, the last one called @symbol (taken over) if that is not NULL. */
static int named_build(const struct source_frame *frames, int nr, char *symbol, struct named *ret)
{
	struct named named = {.lines = calloc(nr, sizeof(*named.lines))};
	int err = named.lines ? 0 : -ENOMEM;

	for (int i = 0; i < nr && !err; i++) {
		char *name = NULL;

		if (i == nr - 1 && symbol) {
			name = symbol;
			symbol = NULL;
		} else if (frames[i].name && *frames[i].name) {
			name = strdup(frames[i].name);
			err = name ? 0 : -ENOMEM;
		}
		if (!err)
			err = named_append(&named, name, &frames[i]);
	}
	free(symbol);
	if (err) {
		named_done(&named);
		return err;
	}
	*ret = named;
	return 0;
}

int module_find(struct module *module, uint64_t offset, struct named *ret)
{
	struct source_frame frames[LINES_MAX];
	uint64_t vaddr;
	char *symbol;
	int err, nr = 0;

	*ret = (struct named){};
	if (!module->symbols || elf_image_offset_to_vaddr(module->image, offset, &vaddr))
		return 0;
	if (!mapped_intact(&module->main) || !mapped_intact(&module->debug) ||
	    !mapped_intact(&module->common)) {
		module_close_files(module);
		return 0;
	}
	err = symbol_name(module, vaddr, &symbol);
	if (err)
		return err;
	if (module->units)
		nr = dwarf_lines_find(module->units, vaddr - module->dwarf_bias, frames, LINES_MAX);
	if (nr == 0 && symbol) {
		frames[0] = (struct source_frame){};
		nr = 1;
	}
	if (nr <= 0) {
		free(symbol);
		return nr;
	}
	return named_build(frames, nr, symbol, ret);
}

void named_done(struct named *named)
{
	for (uint32_t i = 0; i < named->nr; i++) {
		free(named->lines[i].name);
		free(named->lines[i].system_name);
		free(named->lines[i].file);
	}
	free(named->lines);
	*named = (struct named){};
}
