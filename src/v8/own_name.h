/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name that one closure was given when it was made: that of a method with a computed key is a
 * property of the function, and the code it shares with others has none.
 */
#ifndef HEAPTAP_V8_OWN_NAME_H
#define HEAPTAP_V8_OWN_NAME_H

#include <stdint.h>

#include "v8/heap.h"

/* The string in the data property "name" of the JSFunction @function. -ENOENT when it has none, or
 * so many properties that V8 keeps them in a hash table. */
int v8_own_name_find(struct v8_heap *heap, uint64_t function, uint64_t *ret_string);

#endif
