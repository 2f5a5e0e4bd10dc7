/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of heaptap itself to put probes on: to try what the kernel can do, and to measure what
 * a hit costs. Their first instructions are known, so is the kind of trap they give.
 */
#ifndef HEAPTAP_COLLECT_OWN_CODE_H
#define HEAPTAP_COLLECT_OWN_CODE_H

#include <stdint.h>

/* Both return @value. The first begins with a push, which the kernel emulates; the second with a
 * mov, which it must single-step. */
uint64_t own_code_emulated(uint64_t value);
uint64_t own_code_stepped(uint64_t value);

/* Where the function is in /proc/self/exe, or -errno. */
int own_code_offset(uint64_t (*function)(uint64_t), uint64_t *ret_offset);

#endif
