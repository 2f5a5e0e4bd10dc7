// SPDX-License-Identifier: Apache-2.0
#include "export/xml.h"

#include <limits.h>
#include <stdint.h>

#include "export/text.h"
#include "util/utf8.h"

#define ELLIPSIS "\xe2\x80\xa6"

/* Hangul, CJK, kana, full-width forms, emoji. An estimate: fonts differ. */
static unsigned int columns_of(uint32_t code)
{
	return (code >= 0x1100 && code < 0x1160) || (code >= 0x2e80 && code < 0xa4d0) ||
			       (code >= 0xac00 && code < 0xd7a4) ||
			       (code >= 0xf900 && code < 0xfb00) ||
			       (code >= 0xff00 && code < 0xff61) ||
			       (code >= 0x1f300 && code < 0x1fb00) ||
			       (code >= 0x20000 && code != UTF8_WRONG)
		       ? 2
		       : 1;
}

static unsigned int count_columns(const char *text)
{
	unsigned int columns = 0;

	while (*text)
		columns += columns_of(utf8_next(&text));
	return columns;
}

static void put_character(FILE *out, uint32_t code, const char *bytes, size_t size)
{
	switch (code) {
	case '&':
		fputs("&amp;", out);
		break;
	case '<':
		fputs("&lt;", out);
		break;
	case '>':
		fputs("&gt;", out);
		break;
	case '"':
		fputs("&quot;", out);
		break;
	case '\'':
		fputs("&#39;", out);
		break;
	default:
		if (text_is_harmful(code) || code == 0xfffe || code == 0xffff)
			putc('?', out);
		else
			fwrite(bytes, 1, size, out);
	}
}

void xml_put(FILE *out, const char *text, unsigned int columns)
{
	unsigned int limit = UINT_MAX, written = 0;

	if (columns && count_columns(text) > columns)
		limit = columns - 1;
	while (*text) {
		const char *start = text;
		uint32_t code = utf8_next(&text);

		written += columns_of(code);
		if (written > limit) {
			fputs(ELLIPSIS, out);
			return;
		}
		put_character(out, code, start, text - start);
	}
}
