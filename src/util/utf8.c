// SPDX-License-Identifier: Apache-2.0
/* Well-formedness as in table 3-7 of the Unicode standard: no overlong forms, no surrogates,
 * nothing above U+10FFFF. */
#include "util/utf8.h"

/* Size of the character at @text, 0 when it is not well-formed. Reads no byte behind a NUL. */
static size_t character_size(const unsigned char *text)
{
	unsigned char low = 0x80, high = 0xbf; /* range of the second byte */
	size_t size;

	if (text[0] < 0x80)
		return 1;
	if (text[0] >= 0xc2 && text[0] <= 0xdf)
		size = 2;
	else if (text[0] >= 0xe0 && text[0] <= 0xef)
		size = 3;
	else if (text[0] >= 0xf0 && text[0] <= 0xf4)
		size = 4;
	else
		return 0;
	if (text[0] == 0xe0)
		low = 0xa0;
	else if (text[0] == 0xed)
		high = 0x9f;
	else if (text[0] == 0xf0)
		low = 0x90;
	else if (text[0] == 0xf4)
		high = 0x8f;
	if (text[1] < low || text[1] > high)
		return 0;
	for (size_t i = 2; i < size; i++)
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	return size;
}

uint32_t utf8_next(const char **text)
{
	const unsigned char *at = (const unsigned char *)*text;
	size_t size = character_size(at);
	uint32_t code = at[0];

	*text += size ?: 1;
	if (!size)
		return UTF8_WRONG;
	if (size > 1)
		code &= 0x7f >> size;
	for (size_t i = 1; i < size; i++)
		code = code << 6 | (at[i] & 0x3f);
	return code;
}

size_t utf8_valid_size(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t size;

	while (*at && (size = character_size(at)))
		at += size;
	return (size_t)(at - (const unsigned char *)text);
}

void utf8_repair(char *text)
{
	for (text += utf8_valid_size(text); *text; text += utf8_valid_size(text))
		*text++ = '?';
}
