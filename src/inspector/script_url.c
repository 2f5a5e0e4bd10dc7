// SPDX-License-Identifier: Apache-2.0
/* Only file: URLs of this machine are paths: "file:///a%20b.js", not "file://host/a.js". */
#include "inspector/script_url.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

char *script_url_decode(const char *url)
{
	char *path, *to;

	if (strncmp(url, "file:///", 8) != 0)
		return strdup(url);
	path = strdup(url + 7);
	if (!path)
		return NULL;
	to = path;
	for (const char *from = path; *from; from++) {
		if (*from == '%' && isxdigit((unsigned char)from[1]) &&
		    isxdigit((unsigned char)from[2]) && (from[1] != '0' || from[2] != '0')) {
			*to++ = (char)(hex_digit(from[1]) << 4 | hex_digit(from[2]));
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return path;
}
