// SPDX-License-Identifier: Apache-2.0
/*
 * One place for each hash of a pc: the newest has it.
 */
#include "util/clock.h"
#include "v8/misses.h"

static uint32_t slot_of(uint64_t pc)
{
	return pc * 0x9e3779b97f4a7c15ULL >> (64 - V8_MISSES_BITS);
}

bool v8_misses_have(const struct v8_misses *misses, uint64_t pc)
{
	uint32_t slot = slot_of(pc);

	return misses->of[slot].pc == pc && clock_now_ns() < misses->of[slot].until_ns;
}

void v8_misses_add(struct v8_misses *misses, uint64_t pc)
{
	uint32_t slot = slot_of(pc);

	misses->of[slot].pc = pc;
	misses->of[slot].until_ns = clock_now_ns() + V8_MISS_NS;
}
