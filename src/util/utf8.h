/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text from foreign sources (symbol names, paths, comm) may be any bytes; protobuf and JSON readers
 * refuse what is not UTF-8.
 */
#ifndef HEAPTAP_UTIL_UTF8_H
#define HEAPTAP_UTIL_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define UTF8_WRONG UINT32_MAX

/* The code point at *text, which must not be at its NUL, and moves *text behind it: behind one byte
 * when that begins no well-formed character, which gives UTF8_WRONG. */
uint32_t utf8_next(const char **text);

/* Bytes at the start of @text that are well-formed UTF-8; the whole length when all is well. */
size_t utf8_valid_size(const char *text);

/* Replaces every byte that is no part of a well-formed character by '?'. The length stays. */
void utf8_repair(char *text);

#endif
