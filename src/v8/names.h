/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each text once, so that equal names are the same pointer. They live until v8_names_done().
 */
#ifndef HEAPTAP_V8_NAMES_H
#define HEAPTAP_V8_NAMES_H

struct v8_name;

struct v8_names {
	struct v8_name *names; /* all zero: empty */
};

/* NULL when out of memory. */
const char *v8_names_get(struct v8_names *names, const char *text);
void v8_names_done(struct v8_names *names);

#endif
