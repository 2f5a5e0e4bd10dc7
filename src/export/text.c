// SPDX-License-Identifier: Apache-2.0
/* No locale is asked: who reads a profile, and where, must not change what it says. */
#include "export/text.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "util/utf8.h"

#define WRONG_BYTE UINT32_MAX

/* A place in a text; @valid bytes from there are known to be well-formed. */
struct cursor {
	const unsigned char *at;
	size_t valid;
};

/* The code point at the cursor, which moves behind it; a byte that is none gives WRONG_BYTE. */
static uint32_t next_character(struct cursor *cursor)
{
	const unsigned char *at = cursor->at;
	uint32_t code = at[0];
	size_t size;

	if (!cursor->valid)
		cursor->valid = utf8_valid_size((const char *)at);
	if (!cursor->valid) {
		cursor->at++;
		return WRONG_BYTE;
	}
	size = code < 0x80 ? 1 : code < 0xe0 ? 2 : code < 0xf0 ? 3 : 4;
	if (size > 1)
		code &= 0x7f >> size;
	for (size_t i = 1; i < size; i++)
		code = code << 6 | (at[i] & 0x3f);
	cursor->at += size;
	cursor->valid -= size;
	return code;
}

/* Wrong bytes, C0, DEL, C1, line and paragraph separators, and what turns the direction of the
 * text. */
static bool is_harmful(uint32_t code)
{
	return code == WRONG_BYTE || code < 0x20 || (code >= 0x7f && code < 0xa0) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
	       code == 0x200e || code == 0x200f || code == 0x061c;
}

static unsigned int count_columns(const char *text)
{
	struct cursor cursor = {.at = (const unsigned char *)text};
	unsigned int columns = 0;

	for (; *cursor.at; columns++)
		next_character(&cursor);
	return columns;
}

/* Most names are; they need no decoding. */
static bool is_plain(const char *text, size_t *ret_length)
{
	const char *at = text;

	while (*at >= ' ' && *at < 0x7f)
		at++;
	*ret_length = at - text;
	return !*at;
}

unsigned int text_put(FILE *out, const char *text, unsigned int columns)
{
	struct cursor cursor = {.at = (const unsigned char *)text};
	unsigned int written = 0, limit = UINT_MAX;
	const unsigned char *start;
	const char *tail = "";
	size_t length;

	if (is_plain(text, &length) && (!columns || length <= columns)) {
		fwrite(text, 1, length, out);
		return length;
	}
	if (columns && count_columns(text) > columns) {
		tail = columns > 3 ? "..." : "";
		limit = columns - (unsigned int)strlen(tail);
	}
	for (; *cursor.at && written < limit; written++) {
		start = cursor.at;
		if (is_harmful(next_character(&cursor)))
			putc('?', out);
		else
			fwrite(start, 1, (size_t)(cursor.at - start), out);
	}
	fputs(tail, out);
	return written + (unsigned int)strlen(tail);
}

char *text_bytes(char buffer[TEXT_SIZE], int64_t bytes)
{
	static const char units[] = "\0KMGTPE";
	double value = (double)bytes;
	const char *unit = units;

	if (bytes > -1024 && bytes < 1024) {
		snprintf(buffer, TEXT_SIZE, "%d", (int)bytes);
		return buffer;
	}
	while ((value >= 1023.5 || value <= -1023.5) && unit[1]) {
		value /= 1024;
		unit++;
	}
	snprintf(buffer, TEXT_SIZE, "%.*f%c", value < 99.95 && value > -99.95 ? 1 : 0, value,
		 *unit);
	return buffer;
}

char *text_pause(char buffer[TEXT_SIZE], int64_t ns)
{
	double ms = ns / 1e6;

	if (ms < 0.1)
		snprintf(buffer, TEXT_SIZE, "%.1fus", ms * 1000);
	else if (ms < 999.5)
		snprintf(buffer, TEXT_SIZE, "%.*fms", ms < 10 ? 2 : ms < 100 ? 1 : 0, ms);
	else
		snprintf(buffer, TEXT_SIZE, "%.*fs", ms < 99950 ? 2 : 0, ms / 1000);
	return buffer;
}

char *text_duration(char buffer[TEXT_SIZE], int64_t ns)
{
	int64_t seconds;

	if (ns < 0)
		ns = 0;
	seconds = ns / 1000000000;
	if (seconds < 1)
		snprintf(buffer, TEXT_SIZE, "%d ms", (int)(ns / 1000000));
	else if (seconds < 120)
		snprintf(buffer, TEXT_SIZE, "%.1f s", (double)ns / 1e9);
	else if (seconds < 7200)
		snprintf(buffer, TEXT_SIZE, "%d m %d s", (int)(seconds / 60), (int)(seconds % 60));
	else if (seconds < 172800)
		snprintf(buffer, TEXT_SIZE, "%d h %d m", (int)(seconds / 3600),
			 (int)(seconds / 60 % 60));
	else
		snprintf(buffer, TEXT_SIZE, "%lld d %d h", (long long)(seconds / 86400),
			 (int)(seconds / 3600 % 24));
	return buffer;
}
