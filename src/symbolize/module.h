/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One object and all that names its addresses: its symbols, those of its debug file, DWARF. It
 * takes descriptors and looks for nothing but separate debug files.
 */
#ifndef HEAPTAP_SYMBOLIZE_MODULE_H
#define HEAPTAP_SYMBOLIZE_MODULE_H

#include <stdbool.h>
#include <stdint.h>

#include "proc/space.h"

struct module;

struct module_options {
	bool lines;
	const char *debug_path;
};

/* Holds a reference on @object. An object that cannot be read is a module that names nothing; the
 * only error is -ENOMEM. */
int module_open(struct object *object, const struct module_options *options, struct module **ret);
void module_free(struct module *module);

const char *module_build_id(const struct module *module); /* lower-case hex or "" */
bool module_has_symbols(const struct module *module);
bool module_has_lines(const struct module *module);

/* Owned by whom module_find() gave it to: still good when the module has gone. */
struct named_line {
	char *name; /* demangled; NULL when unknown */
	char *system_name;
	char *file; /* "" when unknown */
	int64_t line, start_line;
};

/* What one place of the file is called: lines[0] is the innermost. nr is 0 when it has no name. */
struct named {
	uint32_t nr;
	struct named_line *lines;
};

/* @offset is in the file. 0 or -ENOMEM. */
int module_find(struct module *module, uint64_t offset, struct named *ret);
void named_done(struct named *named);

#endif
