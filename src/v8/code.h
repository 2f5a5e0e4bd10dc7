/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generated machine code in the heap: which Code object a pc is in. What was found is remembered by
 * range, and each time asked whether it still is there, since code is collected like all else.
 */
#ifndef HEAPTAP_V8_CODE_H
#define HEAPTAP_V8_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "v8/heap.h"
#include "v8/misses.h"

enum v8_code_kind {
	V8_CODE_INTERPRETED, /* a copy of the interpreter's entry */
	V8_CODE_BASELINE,
	V8_CODE_OPTIMIZED,
	V8_CODE_OTHER,
};

/* A call that was inlined: where in which function. */
struct v8_inlining {
	uint64_t position; /* as V8_POSITION_* */
	int32_t literal;   /* index of the inlined function, -1: not known */
	int32_t spare;
};

struct v8_code {
	uint64_t start, size;	    /* of the instructions */
	uint64_t object;	    /* tagged Code */
	uint64_t map, table, deopt; /* its words: what it is recognized by */
	uint64_t serial;	    /* never used for another */
	enum v8_code_kind kind;
	uint8_t *positions; /* source positions; of baseline code the lengths of bytecodes' code */
	uint32_t positions_size;
	struct v8_inlining *inlinings;
	uint32_t nr_inlinings;
	uint64_t literals; /* tagged array, 0: none */
	/* The function it was compiled for; of optimized code whose data V8 has dropped none. */
	bool has_function;
	int32_t script_id, literal_id;
};

struct v8_codes {
	struct v8_heap *heap;
	struct v8_code *codes; /* ascending, disjoint */
	size_t nr_codes, nr_allocated;
	uint64_t serial;
	struct v8_misses misses;
};

void v8_codes_init(struct v8_codes *codes, struct v8_heap *heap);
void v8_codes_done(struct v8_codes *codes);

/* The code that the return address @pc is in. Valid until the next call. -ESTALE when none is
 * there, or none was a moment ago. */
int v8_codes_find(struct v8_codes *codes, uint64_t pc, const struct v8_code **ret);

/* Was optimized @code made for the function of @frame? Another's may have come to where that was.
 */
bool v8_code_is_of(const struct v8_code *code, const struct ht_js_frame *frame);

/* The SharedFunctionInfo (tagged) at @index of @code's literals. */
int v8_code_literal(struct v8_heap *heap, const struct v8_code *code, int32_t index, uint64_t *ret);

#endif
