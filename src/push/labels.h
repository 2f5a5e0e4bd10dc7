/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server knows a profile by: service_name, host, pid and comm, as its notes have them, and
 * what the user adds or puts in their place. What a profile does not say is left out: that it was
 * made on the machine that sends it would be a guess.
 */
#ifndef HEAPTAP_PUSH_LABELS_H
#define HEAPTAP_PUSH_LABELS_H

#include <stdbool.h>

#include "profile/profile.h"
#include "push/push.h"

struct push_label {
	const char *name, *value;
};

struct push_labels {
	unsigned int nr;
	struct push_label all[PUSH_LISTS_MAX + 4];
	char pid[16];		     /* private, as what follows: storage of the above */
	char *names[PUSH_LISTS_MAX]; /* of the user's */
};

/* Names are OTLP's (service.name, ...) with @otlp_names. 0 or -ENOMEM; push_labels_done() is to be
 * called in either case. @profile and @options must outlive them. */
int push_labels_init(struct push_labels *labels, const struct profile *profile,
		     const struct push_options *options, bool otlp_names);
void push_labels_done(struct push_labels *labels);

/* Is @text "NAME=VALUE" with a name that servers take? */
bool push_label_is_valid(const char *text, bool otlp_names);

/* The name that OTLP has for the sample label or label @name. */
const char *push_label_otlp_name(const char *name);

#endif
