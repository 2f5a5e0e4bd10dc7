// SPDX-License-Identifier: Apache-2.0
/* Formatting of messages into a caller's buffer; a text too long is cut, never an error. */
#include "util/diag.h"

#include <stdarg.h>
#include <stdio.h>

int diag_fail(struct diag *diag, int err, const char *fmt, ...)
{
	va_list args;

	if (!diag)
		return err;
	va_start(args, fmt);
	vsnprintf(diag->text, sizeof(diag->text), fmt, args);
	va_end(args);
	return err;
}
