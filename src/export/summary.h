/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run says about itself, as text: what a reader must know before the figures (losses first,
 * then target, time, rate) and what belongs behind them (cost, RSS). Made of the profile's notes
 * alone; a note that is missing or is no number leaves out its line, nothing is guessed.
 */
#ifndef HEAPTAP_EXPORT_SUMMARY_H
#define HEAPTAP_EXPORT_SUMMARY_H

#include "export/export.h"

void summary_head(const struct profile *profile, const struct export_options *options, FILE *out);
void summary_foot(const struct profile *profile, const struct export_options *options, FILE *out);

/* The first lines of the head alone: what is missing, with @where before what it is ("in BASE: ").
 */
void summary_losses(const struct profile *profile, const struct export_options *options,
		    const char *where, FILE *out);

/* "live_full" for the note "lost_live_full"; NULL when @key is no loss. */
const char *summary_loss_name(const char *key);

#endif
