/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `heaptap check` says about JavaScript: which V8 a process has, and what can be done with it.
 */
#ifndef HEAPTAP_CMD_CHECK_V8_H
#define HEAPTAP_CMD_CHECK_V8_H

#include "collect/target.h"

/* Some lines to stdout when @target has a V8; none otherwise. Nothing is done to the process. */
void check_v8(const struct target *target);

#endif
