// SPDX-License-Identifier: Apache-2.0
/* Messages. A message is put together first and written with one call, so that two processes on
 * one terminal do not mix their lines. */
#include "cmd/cmd.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MESSAGE_SIZE 4096

/* @fmt may be cut, never the newline. */
static void print(const char *prefix, const char *fmt, va_list args)
{
	char text[MESSAGE_SIZE];
	size_t length;

	vsnprintf(text, sizeof(text), fmt, args);
	length = strlen(text);
	for (size_t i = 0; i < length; i++)
		if (((unsigned char)text[i] < ' ' && text[i] != '\n') || text[i] == 0x7f)
			text[i] = '?';
	fprintf(stderr, "heaptap: %s%s\n", prefix, text);
}

void cmd_message(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print("", fmt, args);
	va_end(args);
}

void cmd_warning(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print("warning: ", fmt, args);
	va_end(args);
}

int cmd_fail(int err, const struct diag *diag, const char *fmt, ...)
{
	char what[MESSAGE_SIZE / 2];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	cmd_message("%s: %s", what, diag && diag->text[0] ? diag->text : strerror(-err));
	return cmd_exit_status(err);
}

enum cmd_exit cmd_exit_status(int err)
{
	switch (-err) {
	case 0:
		return EXIT_DONE;
	case ESRCH:
	case ENOEXEC:
	case ENOTSUP:
		return EXIT_NO_TARGET;
	case EPERM:
	case EACCES:
		return EXIT_NOT_PERMITTED;
	default:
		return EXIT_FAILED;
	}
}
