/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The live view in a terminal: drawing and keys. The only file that knows ncurses.
 *
 * The terminal is as it was after top_screen_close(), which has to be called however the run ends:
 * nothing here ends the process.
 */
#ifndef HEAPTAP_CMD_TOP_SCREEN_H
#define HEAPTAP_CMD_TOP_SCREEN_H

#include <stdbool.h>
#include <stdio.h>

#include "cmd/top_facts.h"
#include "cmd/top_rows.h"

struct top_screen;

/* -ENOTTY: this terminal cannot be drawn on; -ENOMEM. */
int top_screen_open(struct top_screen **ret, FILE *in, FILE *out, bool color);
void top_screen_close(struct top_screen *screen);

/* No refreshes for now. */
bool top_screen_is_paused(const struct top_screen *screen);

/* Does what the keys say that were pressed. 1: quit; 0: something changed, or -EAGAIN: nothing did;
 * or another -errno. */
int top_screen_keys(struct top_screen *screen, struct top_rows *rows);

/* 0 or -ENOMEM. */
int top_screen_draw(struct top_screen *screen, struct top_rows *rows,
		    const struct top_facts *facts);

#endif
