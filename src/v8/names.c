// SPDX-License-Identifier: Apache-2.0
/*
 * A set of texts.
 */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "v8/names.h"

struct v8_name {
	UT_hash_handle hh;
	char text[];
};

const char *v8_names_get(struct v8_names *names, const char *text)
{
	size_t length = strlen(text);
	struct v8_name *name;

	HASH_FIND(hh, names->names, text, length, name);
	if (name)
		return name->text;
	name = malloc(sizeof(*name) + length + 1);
	if (!name)
		return NULL;
	memcpy(name->text, text, length + 1);
	HASH_ADD_KEYPTR(hh, names->names, name->text, length, name);
	return name->text;
}

void v8_names_done(struct v8_names *names)
{
	struct v8_name *name, *next;

	HASH_ITER (hh, names->names, name, next) {
		HASH_DEL(names->names, name);
		free(name);
	}
}
