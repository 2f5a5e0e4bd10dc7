/* SPDX-License-Identifier: Apache-2.0 */
/* The write functions behind the rows of formats.c; shapes and errors as in struct export_format.
 */
#ifndef HEAPTAP_EXPORT_WRITERS_H
#define HEAPTAP_EXPORT_WRITERS_H

#include "export/export.h"

int table_write(const struct profile *profile, const struct export_options *options, FILE *out);
int folded_write(const struct profile *profile, const struct export_options *options, FILE *out);
int json_write(const struct profile *profile, const struct export_options *options, FILE *out);
int pprof_format_write(const struct profile *profile, const struct export_options *options,
		       FILE *out);
int heapprofile_write(const struct profile *profile, const struct export_options *options,
		      FILE *out);
int svg_write(const struct profile *profile, const struct export_options *options, FILE *out);
int prom_write(const struct profile *profile, const struct export_options *options, FILE *out);
int speedscope_write(const struct profile *profile, const struct export_options *options,
		     FILE *out);

#endif
