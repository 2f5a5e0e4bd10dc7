// SPDX-License-Identifier: Apache-2.0
/* Percent-decoding: RFC 3986, section 2.1. */
#include "util/url.h"

#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *url_file_path(const char *url)
{
	static const char prefix[] = "file://";
	const char *from = url + sizeof(prefix) - 1;
	char *path, *to;

	if (strncmp(url, prefix, sizeof(prefix) - 1) != 0 || *from != '/')
		return NULL;
	path = to = malloc(strlen(from) + 1);
	if (!path)
		return NULL;
	while (*from) {
		int high = -1, low = -1;

		if (*from == '%') {
			high = hex_digit(from[1]);
			low = high < 0 ? -1 : hex_digit(from[2]);
		}
		*to++ = low < 0 ? *from : (char)(high << 4 | low);
		from += low < 0 ? 1 : 3;
	}
	*to = '\0';
	return path;
}
