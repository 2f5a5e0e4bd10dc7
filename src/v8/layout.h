/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where one build of V8 keeps things: read from the constants a binary carries for debuggers
 * (v8dbg_*), completed by what is known of its version. A pure function of the binary.
 */
#ifndef HEAPTAP_V8_LAYOUT_H
#define HEAPTAP_V8_LAYOUT_H

#include <stdint.h>

#include "elf/image.h"
#include "heaptap/v8.h"

struct v8_layout {
	uint32_t major, minor, build, patch; /* of V8 */
	uint64_t blob_vaddr;		     /* the builtins' code, as linked; 0: not found */
	struct ht_v8 walker;		     /* all but blob[] set */
					     /* ... what the reader of objects needs ... */
};

/*
 * -ENOENT when @image holds no V8; -ENOTSUP when it does but its constants were not found (no
 * symbols), or it has pointer compression. @image is a program or a library (libnode.so).
 */
int v8_layout_read(const struct elf_image *image, struct v8_layout *ret);

#endif
