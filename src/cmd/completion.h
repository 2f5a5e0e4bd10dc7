/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Completion for shells, written from the tables that argp parses options by: there is no second
 * list that could be wrong.
 */
#ifndef HEAPTAP_CMD_COMPLETION_H
#define HEAPTAP_CMD_COMPLETION_H

#include <argp.h>
#include <stddef.h>
#include <stdio.h>

struct completion_command {
	const char *name, *help;
	const struct argp *argp; /* NULL: it has no options */
};

/* "bash", "zsh" or "fish"; -EINVAL for another. Errors of @out's own writing are left to its
 * ferror(). */
int completion_put(FILE *out, const char *shell, const struct completion_command *commands,
		   size_t nr);

#endif
