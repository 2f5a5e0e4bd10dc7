/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judge: elfutils' libdwfl walks a recorded stack, by the whole of .eh_frame and by nothing of
 * ours.
 */
#ifndef HEAPTAP_TESTS_DWFL_WALK_H
#define HEAPTAP_TESTS_DWFL_WALK_H

#include "dump_file.h"

struct judged {
	uint32_t nr_pcs;
	uint64_t pcs[HT_MAX_FRAMES + 1];
	bool ended;    /* at the outermost frame */
	bool ran_out;  /* it wanted memory that was not recorded */
	char why[128]; /* otherwise libdwfl's reason */
};

struct judge;

/* @file must outlive it. NULL with a message on stderr. */
struct judge *judge_new(const struct dump_file *file);
void judge_free(struct judge *judge);

void judge_walk(struct judge *judge, const struct sample *sample, struct judged *ret);

#endif
