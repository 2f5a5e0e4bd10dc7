/* SPDX-License-Identifier: Apache-2.0 */
/* Why a process has no allocator that could be probed. */
#ifndef HEAPTAP_COLLECT_NO_ALLOCATOR_H
#define HEAPTAP_COLLECT_NO_ALLOCATOR_H

#include "collect/target.h"

/* In words, after "pid N (x) ...": "is a Go program without cgo: ...". */
const char *no_allocator_reason(const struct target *target);

#endif
