/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces of a profile as JSON, for the writers of docs/json.md. Strings that are not UTF-8 are
 * repaired: wrong bytes become '?'. What returns a json_t returns NULL when out of memory.
 */
#ifndef HEAPTAP_EXPORT_ENCODE_H
#define HEAPTAP_EXPORT_ENCODE_H

#include <jansson.h>
#include <stdio.h>

#include "profile/stack.h"

json_t *encode_string(const char *text);
json_t *encode_string_or_null(const char *text); /* null for NULL and for "" */
json_t *encode_address(uint64_t address);

/* Takes over @value. A failure frees the object and leaves NULL there, for the end to see. */
void encode_set(json_t **object, const char *key, json_t *value);

/* Writes and frees @value; the braces are left out when @flags has JSON_EMBED. 0 or -ENOMEM. */
int encode_put(FILE *out, json_t *value, size_t flags);

/* By the names of the metrics that @profile has. */
json_t *encode_values(const struct profile *profile, const int64_t values[NR_METRICS]);
/* Without the standard errors. */
json_t *encode_labels(const struct profile_sample *sample);
json_t *encode_site(const struct stack *stack);
/* Those that are numbers. */
json_t *encode_losses(const struct profile *profile);
/* The others; comments of other tools have no key and go into @comments. */
json_t *encode_notes(const struct profile *profile, json_t *comments);

struct encode_frames {
	const struct profile *profile;
	FILE *out;
	struct stack stack;
	uint32_t *first_frames; /* by location: its first one in the list of frames */
};

/* 0 or -ENOMEM; encode_frames_done() is to be called in either case. */
int encode_frames_init(struct encode_frames *frames, const struct profile *profile, FILE *out);
void encode_frames_done(struct encode_frames *frames);

/* ,"frames":[...]: every location's frames, numbered on the way. 0 or -ENOMEM. */
int encode_put_frames(struct encode_frames *frames);

/* ,"stack":[...]}: their numbers, of the stack that is loaded. */
void encode_put_stack(const struct encode_frames *frames);

#endif
