/* SPDX-License-Identifier: Apache-2.0 */
/*
 * V8's words for its garbage collections. The codes are those of its enum GarbageCollectionReason:
 * new ones were only ever added at the end, one has changed its text.
 */
#ifndef HEAPTAP_V8_GC_REASON_H
#define HEAPTAP_V8_GC_REASON_H

/* As --trace-gc prints it; @v8_major is 0 when not known. NULL for a code no version has. */
const char *gc_reason_text(int v8_major, unsigned int reason);

/* "scavenge", "mark-compact", "minor mark-compact"; "unknown" for what is no enum ht_gc_kind. */
const char *gc_kind_text(unsigned int kind);

#endif
