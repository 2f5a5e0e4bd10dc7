/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JavaScript frames as locations of a profile. All of them lie in one mapping, "[js]": by that a
 * renderer knows that the line belongs to the name, and a frame that has no name is "[js]" itself.
 */
#ifndef HEAPTAP_SYMBOLIZE_JAVASCRIPT_H
#define HEAPTAP_SYMBOLIZE_JAVASCRIPT_H

#include <stdint.h>

#include "profile/profile.h"
#include "v8/resolver.h"

/* Adds what @place stands for, inlined functions included; NULL: a frame that could not be named.
 * 0 or -errno. */
int symbolize_javascript(struct profile *profile, const struct v8_place *place,
			 uint32_t *ret_location);

#endif
