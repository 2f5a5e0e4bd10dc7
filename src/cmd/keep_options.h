/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --keep --keep-for: how much of a store is kept, as a child of a command's options,
 * {&keep_argp, 0, NULL, GROUP}, with state->child_inputs[] a zeroed struct prune_options.
 */
#ifndef HEAPTAP_CMD_KEEP_OPTIONS_H
#define HEAPTAP_CMD_KEEP_OPTIONS_H

#include <argp.h>
#include <stdbool.h>

#include "store/prune.h"

extern const struct argp keep_argp;

/* Was either given? */
bool keep_options_given(const struct prune_options *options);

#endif
