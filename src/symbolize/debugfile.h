/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the separate debug information of an object is: by build id or by debug link.
 * Only files proven to belong to the object are returned.
 */
#ifndef HEAPTAP_SYMBOLIZE_DEBUGFILE_H
#define HEAPTAP_SYMBOLIZE_DEBUGFILE_H

#include <elfutils/libdw.h>

#include "symbolize/mapped.h"

struct debugfile_search {
	const char *directories; /* colon list, such as "/usr/lib/debug" */
	int root; /* of the process, see proc/root.h. What its files name is a file in there; below
		   * @directories ours are taken too, when the build id agrees */
	const char *object; /* path of the object in that root */
};

/* The debug file of @object. -ENOENT when there is none that matches. */
int debugfile_find(const struct debugfile_search *search, const struct mapped *object,
		   struct mapped *ret);

/*
 * The common part that dwz(1) moved out of the debug information of @dwarf. 0 with @ret->elf NULL
 * when it needs none, -ENOENT when it needs one that is not there: then @dwarf is of no use.
 */
int debugfile_find_common(const struct debugfile_search *search, Dwarf *dwarf, struct mapped *ret);

#endif
