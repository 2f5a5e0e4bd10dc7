/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message for the user, filled by a lower layer and printed by cmd/ alone. It says what failed,
 * on what, why, and what to do. Libraries return -errno and fill a diag when -errno is too poor.
 */
#ifndef HEAPTAP_UTIL_DIAG_H
#define HEAPTAP_UTIL_DIAG_H

struct diag {
	char text[1024]; /* one or more lines, no newline at the end; empty when unset */
};

/* Fill @diag (may be NULL) and return @err, so that a failure is one statement. */
int diag_fail(struct diag *diag, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
