// SPDX-License-Identifier: Apache-2.0
/* No locale is asked: who reads a profile, and where, must not change what it says. */
#include "export/text.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "util/utf8.h"

bool text_is_harmful(uint32_t code)
{
	return code == UTF8_WRONG || code < 0x20 || (code >= 0x7f && code < 0xa0) ||
	       (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
	       code == 0x200e || code == 0x200f || code == 0x061c;
}

bool text_ends(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length > tail && !strcmp(text + length - tail, end);
}

unsigned int text_columns(const char *text)
{
	unsigned int columns = 0;

	for (; *text; columns++)
		utf8_next(&text);
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
	unsigned int written = 0, limit = UINT_MAX;
	const char *start, *tail = "";
	size_t length;

	if (is_plain(text, &length) && (!columns || length <= columns)) {
		fwrite(text, 1, length, out);
		return length;
	}
	if (columns && text_columns(text) > columns) {
		tail = columns > 3 ? "..." : "";
		limit = columns - (unsigned int)strlen(tail);
	}
	for (; *text && written < limit; written++) {
		start = text;
		if (text_is_harmful(utf8_next(&text)))
			putc('?', out);
		else
			fwrite(start, 1, text - start, out);
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

char *text_count(char buffer[TEXT_SIZE], int64_t count)
{
	static const char units[] = "MGTPE";
	double value = (double)count / 1e6;
	const char *unit = units;

	if (count > -10000000 && count < 10000000) {
		snprintf(buffer, TEXT_SIZE, "%" PRId64, count);
		return buffer;
	}
	for (; fabs(value) >= 999.5 && unit[1]; unit++)
		value /= 1000;
	snprintf(buffer, TEXT_SIZE, "%.*f%c", fabs(value) < 99.95 ? 1 : 0, value, *unit);
	return buffer;
}

char *text_age(char buffer[TEXT_SIZE], int64_t seconds)
{
	static const struct {
		int64_t below, seconds;
		char name;
	} units[] = {
		{60, 1, 's'}, {3600, 60, 'm'}, {48 * 3600, 3600, 'h'}, {INT64_MAX, 86400, 'd'}};
	size_t i = 0;

	while (seconds >= units[i].below)
		i++;
	if (seconds < 1)
		strcpy(buffer, "<1s");
	else
		snprintf(buffer, TEXT_SIZE, "%" PRId64 "%c", seconds / units[i].seconds,
			 units[i].name);
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
