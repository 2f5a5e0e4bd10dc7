/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign names made fit to be shown. A symbol, a comm or a command line may hold anything but NUL:
 * escape sequences, newlines, bytes that are no UTF-8. What is written here cannot move a
 * terminal's cursor or break a line.
 */
#ifndef HEAPTAP_EXPORT_TEXT_H
#define HEAPTAP_EXPORT_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Of a code point as utf8_next() gives it: wrong bytes, C0, DEL, C1, line and paragraph separators,
 * and what turns the direction of the text. */
bool text_is_harmful(uint32_t code);

/*
 * Writes @text, every control or direction-changing character and every wrong byte as '?', cut
 * with "..." to @columns code points (0: never cut). Returns the code points written. Wide and
 * combining characters count as one.
 */
unsigned int text_put(FILE *out, const char *text, unsigned int columns);

/* Does @text end in @end, with something before it? */
bool text_ends(const char *text, const char *end);

/* The columns of @text as it would be written: its code points. */
unsigned int text_columns(const char *text);

#define TEXT_SIZE 24 /* holds any result of those below */

/* "0" "1023" "1.5K" "15.2M" "152M", powers of 1024. Returns @buffer. */
char *text_bytes(char buffer[TEXT_SIZE], int64_t bytes);
/* "4.2us" "0.83ms" "12.5ms" "4.20s": time in which something stood still. Returns @buffer. */
char *text_pause(char buffer[TEXT_SIZE], int64_t ns);
/* "0" "1234567" "12.3M" "5.0G": exact in seven digits, then powers of 1000. Returns @buffer. */
char *text_count(char buffer[TEXT_SIZE], int64_t count);
/* "<1s" "59s" "59m" "47h" "400d": in whole units; a negative one is 0. Returns @buffer. */
char *text_age(char buffer[TEXT_SIZE], int64_t seconds);
/* "250 ms" "30.0 s" "5 m 10 s" "3 h 20 m" "2 d 4 h"; a negative one is 0. Returns @buffer. */
char *text_duration(char buffer[TEXT_SIZE], int64_t ns);

#endif
