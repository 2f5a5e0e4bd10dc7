/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name of a script as V8 has it: a path for CommonJS, a file: URL for modules, node:... for
 * node's own, or whatever a sourceURL comment says.
 */
#ifndef HEAPTAP_INSPECTOR_SCRIPT_URL_H
#define HEAPTAP_INSPECTOR_SCRIPT_URL_H

/* The path of a file: URL, with its %XX decoded; anything else as it is. The caller's to free; NULL
 * when out of memory. */
char *script_url_decode(const char *url);

#endif
