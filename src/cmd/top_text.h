/* SPDX-License-Identifier: Apache-2.0 */
/* The live view as plain text, a block for each refresh: for scripts and files. */
#ifndef HEAPTAP_CMD_TOP_TEXT_H
#define HEAPTAP_CMD_TOP_TEXT_H

#include <stdio.h>

#include "cmd/top_facts.h"
#include "cmd/top_rows.h"

/* At most @top rows, 0: all. Errors of @out's own writing are left to its ferror(). */
void top_text_put(FILE *out, const struct top_rows *rows, const struct top_facts *facts,
		  unsigned int top);

#endif
