/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dictionary of an OTLP request: everything that is pointed to, each thing once. Entry 0 of
 * every table is its zero value. The functions that return an index note when memory ran out, and
 * otlp_tables_finish() fails then.
 */
#ifndef HEAPTAP_PUSH_OTLP_TABLES_H
#define HEAPTAP_PUSH_OTLP_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "otlp.pb-c.h"
#include "profile/profile.h"
#include "profile/table.h"
#include "push/arena.h"

struct otlp_tables {
	struct arena arena; /* what lives until otlp_tables_done() */
	/* private */
	const struct profile *profile;
	struct table strings, attributes, stacks;
	uint32_t nr_strings, nr_attributes, nr_stacks;
	Otlp__Dictionary dictionary;
	bool no_memory;
};

/* 0 or -ENOMEM; otlp_tables_done() is to be called in either case. */
int otlp_tables_init(struct otlp_tables *tables, const struct profile *profile);
void otlp_tables_done(struct otlp_tables *tables);

int32_t otlp_string(struct otlp_tables *tables, const char *text);
int32_t otlp_text(struct otlp_tables *tables, const char *key, const char *value);
int32_t otlp_label(struct otlp_tables *tables, const struct profile_label *label);
int32_t otlp_stack(struct otlp_tables *tables, const struct profile_sample *sample);

/* A value, NULL when out of memory. @text must live as long as the tables. */
Otlp__AnyValue *otlp_new_text(struct otlp_tables *tables, const char *text);
Otlp__AnyValue *otlp_new_number(struct otlp_tables *tables, int64_t number);

/* The whole of it, which belongs to the tables. 0 or -ENOMEM. */
int otlp_tables_finish(struct otlp_tables *tables, Otlp__Dictionary **ret);

#endif
