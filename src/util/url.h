/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of files. */
#ifndef HEAPTAP_UTIL_URL_H
#define HEAPTAP_UTIL_URL_H

/* The path of "file:///srv/a%20b.mjs", the caller's to free; NULL when @url is no URL of a file on
 * this machine, or out of memory. A NUL in it ends it. */
char *url_file_path(const char *url);

#endif
