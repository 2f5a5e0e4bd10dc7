/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures of a row of the table: what is held (or was allocated, or how long collections took),
 * its share, objects, their mean size; where they are known the ages of what is held and how fast
 * it grows; when sampled the error. Each has its column, and all rows of a table the same ones.
 */
#ifndef HEAPTAP_EXPORT_TABLE_COLUMNS_H
#define HEAPTAP_EXPORT_TABLE_COLUMNS_H

#include "export/export.h"
#include "export/table_rows.h"

struct table_columns {
	const struct profile *profile;
	enum metric metric;
	enum metric space, objects;	  /* of the pair that the metric is of */
	int64_t total;			  /* of the metric: shares are of it */
	const struct growth_unit *growth; /* NULL: there is no such column */
	double growth_seconds;		  /* in which what is held came together */
	bool aged, sampled;		  /* there is a column of ages, of errors */
};

/* @rows decide what is known. */
void table_columns_init(struct table_columns *columns, const struct profile *profile,
			const struct export_options *options, const struct table_rows *rows);

/* The titles, @last above what follows the figures. */
void table_columns_head(const struct table_columns *columns, const char *last, FILE *out);
void table_columns_put(const struct table_columns *columns, const struct row *row, FILE *out);

/* What a row's figures take of a line. */
unsigned int table_columns_width(const struct table_columns *columns);

#endif
