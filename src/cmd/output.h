/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a profile where the user asked for it, in the form asked for.
 */
#ifndef HEAPTAP_CMD_OUTPUT_H
#define HEAPTAP_CMD_OUTPUT_H

#include <stdio.h>
#include <sys/types.h>

#include "cmd/options.h"

/* Complains when @path cannot be written, before anything is done for it. 0 or -errno. */
int output_check(const char *path);

/* Names of files, the caller's to free; NULL when out of memory: heaptap-COMM-PID-UTCSTAMP (@pid
 * 0: without) with the suffix of the format, and NAME.0001.pb.gz for output->path NAME.pb.gz. */
char *output_default_path(const struct output_options *output, const char *comm, pid_t pid);
char *output_snapshot_path(const struct output_options *output, unsigned int number);

/*
 * Writes @profile to output->path, atomically. @name is what it was made of, for messages. 0, or
 * -errno after a message.
 */
int output_write(const struct output_options *output, const char *name, bool quiet, bool verbose,
		 const struct profile *profile);

struct output_file {
	const char *path; /* "-" is stdout */
	bool durable;	  /* on the disk before it has its name */
	mode_t mode;	  /* 0: as the umask has it */
};

/*
 * Writes what @write makes to @file, atomically. @form and @name say what it is and what it was
 * made of, for messages. 0, or -errno after a message; @write returns 0 or -errno, and leaves
 * errors of the stream's own writing to its ferror().
 */
int output_put(const struct output_file *file, const char *form, const char *name,
	       int (*write)(void *context, FILE *out), void *context);

#endif
