// SPDX-License-Identifier: Apache-2.0
/*
 * Demangling by libiberty, made safe for names from foreign files: 250 bytes of substitutions can
 * expand to gigabytes, so the output is taken piece by piece and the decoder is left at a limit.
 *
 * Invariant: the decoders print through the callback from their own stack, so leaving them by
 * longjmp loses no memory (but for a few bytes of a punycode identifier).
 */
#include "symbolize/demangle.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/demangle.h>

#define DEMANGLE_INPUT_MAX  (32 * 1024)
#define DEMANGLE_OUTPUT_MAX (64 * 1024)

struct output {
	char *text;
	size_t length, room;
	jmp_buf leave;
};

static void output_append(const char *piece, size_t length, void *opaque)
{
	struct output *output = opaque;

	if (!length)
		return;
	if (length >= DEMANGLE_OUTPUT_MAX - output->length)
		longjmp(output->leave, 1);
	if (output->length + length >= output->room) {
		size_t room = 2 * (output->length + length) + 64;
		char *text = realloc(output->text, room);

		if (!text)
			longjmp(output->leave, 1);
		output->text = text;
		output->room = room;
	}
	memcpy(output->text + output->length, piece, length);
	output->length += length;
	output->text[output->length] = '\0';
}

/* Not in the frame of @output: a variable of a function that calls setjmp is lost by longjmp. Rust
 * goes first: its older scheme is also valid C++, with the hash as the last scope. */
static bool decode(const char *symbol, struct output *output)
{
	if (setjmp(output->leave))
		return false;
	if (rust_demangle_callback(symbol, 0, output_append, output) && output->length)
		return true;
	output->length = 0;
	return cplus_demangle_v3_callback(symbol, 0, output_append, output) && output->length;
}

/* Length of @symbol without the suffixes compilers give to copies and parts of a function. */
static size_t length_without_clone(const char *symbol)
{
	static const char *const suffixes[] = {
		".cold", ".part.", ".constprop.", ".isra.", ".llvm.", ".lto_priv.",
	};
	size_t length = strlen(symbol);

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		const char *at = strstr(symbol, suffixes[i]);

		if (at && at > symbol && (size_t)(at - symbol) < length)
			length = at - symbol;
	}
	return length;
}

char *demangle(const char *symbol)
{
	bool mangled = !strncmp(symbol, "_Z", 2) || !strncmp(symbol, "_R", 2) ||
		       !strncmp(symbol, "_GLOBAL_", 8);

	if (mangled && strlen(symbol) <= DEMANGLE_INPUT_MAX) {
		struct output output = {};

		if (decode(symbol, &output))
			return output.text;
		free(output.text);
	}
	return strndup(symbol, length_without_clone(symbol));
}
