/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a profile where the user asked for it, in the form asked for.
 */
#ifndef HEAPTAP_CMD_OUTPUT_H
#define HEAPTAP_CMD_OUTPUT_H

#include "cmd/options.h"

/* Complains when @path cannot be written, before anything is done for it. 0 or -errno. */
int output_check(const char *path);

/*
 * Writes @profile to output->path, atomically. @name is what it was made of, for messages. 0, or
 * -errno after a message.
 */
int output_write(const struct output_options *output, const char *name, bool quiet, bool verbose,
		 const struct profile *profile);

#endif
