// SPDX-License-Identifier: Apache-2.0
#include "push/labels.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/label.h"
#include "util/utf8.h"

/* When nothing says whose memory it is: a foreign file, or programs of several names. */
#define SERVICE_UNKNOWN "heaptap"

static const struct {
	const char *name, *otlp; /* as OpenTelemetry's conventions have it */
} known[] = {
	{"service_name", "service.name"},
	{"host", "host.name"},
	{"pid", "process.pid"},
	{"comm", "process.executable.name"},
};

#define NR_KNOWN (sizeof(known) / sizeof(known[0]))

const char *push_label_otlp_name(const char *name)
{
	for (size_t i = 0; i < NR_KNOWN; i++)
		if (!strcmp(known[i].name, name))
			return known[i].otlp;
	return name;
}

bool push_label_is_valid(const char *text, bool otlp_names)
{
	const char *end = strchr(text, '=');

	if (!end || end == text || isdigit((unsigned char)*text) || text[utf8_valid_size(text)])
		return false;
	for (const char *c = text; c < end; c++)
		if (!isalnum((unsigned char)*c) && *c != '_' && !(otlp_names && strchr(".-/", *c)))
			return false;
	return true;
}

/* The command of one process, or that all samples have. */
static const char *comm_of(const struct profile *profile)
{
	const char *comm = profile_note(profile, "comm");

	for (uint32_t i = 0; i < profile->nr_samples && !profile_note(profile, "comm"); i++) {
		const char *one = label_string(&profile->samples[i], "comm");

		if (!one || (comm && strcmp(comm, one) != 0))
			return NULL;
		comm = one;
	}
	return comm;
}

/* A label of the same name takes the new value. */
static void set(struct push_labels *labels, const char *name, const char *value)
{
	unsigned int i = 0;

	if (!value)
		return;
	while (i < labels->nr && strcmp(labels->all[i].name, name) != 0)
		i++;
	labels->all[i] = (struct push_label){name, value};
	if (i == labels->nr)
		labels->nr++;
}

/* The note "target" of one process is "1234 comm path". */
static const char *pid_of(struct push_labels *labels, const struct profile *profile)
{
	const char *target = profile_note(profile, "target");
	int length = 0;

	if (!target || !profile_note(profile, "comm"))
		return NULL;
	while (isdigit((unsigned char)target[length]))
		length++;
	snprintf(labels->pid, sizeof(labels->pid), "%.*s", length, target);
	return length ? labels->pid : NULL;
}

int push_labels_init(struct push_labels *labels, const struct profile *profile,
		     const struct push_options *options, bool otlp_names)
{
	const char *comm = comm_of(profile);
	const char *values[NR_KNOWN] = {comm ?: SERVICE_UNKNOWN, profile_note(profile, "host"),
					pid_of(labels, profile), comm};

	labels->nr = 0;
	memset(labels->names, 0, sizeof(labels->names));
	for (size_t i = 0; i < NR_KNOWN; i++)
		set(labels, otlp_names ? known[i].otlp : known[i].name, values[i]);
	for (unsigned int i = 0; i < options->nr_labels; i++) {
		const char *value = strchr(options->labels[i], '=');
		char *name = labels->names[i] =
			strndup(options->labels[i], value - options->labels[i]);

		if (!name)
			return -ENOMEM;
		set(labels, otlp_names ? push_label_otlp_name(name) : name, value + 1);
	}
	return 0;
}

void push_labels_done(struct push_labels *labels)
{
	for (unsigned int i = 0; i < PUSH_LISTS_MAX; i++)
		free(labels->names[i]);
}
