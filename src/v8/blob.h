/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the machine code of V8's builtins lies in a binary, and the interpreter in it.
 */
#ifndef HEAPTAP_V8_BLOB_H
#define HEAPTAP_V8_BLOB_H

#include <stdint.h>

#include "v8/constants.h"

/* Sets blob_vaddr and the walker's blob_size, interpreter and interpreter_size; leaves them 0 when
 * neither symbols nor V8's own table of builtins says it. */
void v8_blob_find(const struct v8_constants *constants, uint32_t version, struct v8_layout *layout);

#endif
