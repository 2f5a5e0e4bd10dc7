// SPDX-License-Identifier: Apache-2.0
/*
 * A profile as a request of OTLP's profiles signal. Its Profile has one sample type, so there is
 * one for each metric; they share the dictionary, whose tables are those of the model, shifted by
 * one for the zero entry. The notes go along as attributes of each Profile, losses among them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "otlp.pb-c.h"
#include "profile/gzip.h"
#include "push/arena.h"
#include "push/otlp_tables.h"
#include "push/protocol.h"

#define NOTE_PREFIX "heaptap."

static Otlp__ValueType *new_type(struct otlp_tables *tables, const char *type, const char *unit)
{
	Otlp__ValueType *message = arena_new(&tables->arena, sizeof(*message));

	if (!message)
		return NULL;
	otlp__value_type__init(message);
	message->type_strindex = otlp_string(tables, type);
	message->unit_strindex = otlp_string(tables, unit);
	return message;
}

static Otlp__Sample *new_sample(struct otlp_tables *tables, const struct profile_sample *sample,
				enum metric metric)
{
	Otlp__Sample *message = arena_new(&tables->arena, sizeof(*message));
	int64_t *value = arena_new(&tables->arena, sizeof(*value));
	int32_t *attributes = arena_new(&tables->arena, sample->nr_labels * sizeof(*attributes));

	if (!message || !value || !attributes)
		return NULL;
	otlp__sample__init(message);
	message->stack_index = otlp_stack(tables, sample);
	for (uint32_t i = 0; i < sample->nr_labels; i++)
		attributes[i] = otlp_label(tables, &sample->labels[i]);
	message->attribute_indices = attributes;
	message->n_attribute_indices = sample->nr_labels;
	*value = sample->values[metric];
	message->values = value;
	message->n_values = 1;
	return message;
}

static void add_notes(struct otlp_tables *tables, const struct profile *profile,
		      Otlp__Profile *message)
{
	message->attribute_indices =
		arena_new(&tables->arena, profile->nr_notes * sizeof(*message->attribute_indices));
	for (uint32_t i = 0; i < profile->nr_notes && message->attribute_indices; i++) {
		const struct profile_note *note = &profile->notes[i];
		char key[128];

		if (!*note->key)
			continue;
		snprintf(key, sizeof(key), NOTE_PREFIX "%s", note->key);
		message->attribute_indices[message->n_attribute_indices++] =
			otlp_text(tables, key, note->value);
	}
}

/* Samples that have none of the metric say nothing in it. */
static Otlp__Profile *new_profile(struct otlp_tables *tables, const struct payload *payload,
				  enum metric metric)
{
	const struct profile *profile = payload->profile;
	bool pauses = profile->has_metric[METRIC_GC_PAUSES];
	Otlp__Profile *message = arena_new(&tables->arena, sizeof(*message));
	uint8_t *id = arena_new(&tables->arena, sizeof(payload->id));

	if (!message || !id)
		return NULL;
	otlp__profile__init(message);
	message->samples =
		arena_new(&tables->arena, profile->nr_samples * sizeof(*message->samples));
	message->sample_type = new_type(tables, metric_name(metric), metric_unit(metric));
	message->period_type = new_type(tables, pauses ? metric_name(METRIC_GC_PAUSES) : "space",
					pauses ? metric_unit(METRIC_GC_PAUSES) : "bytes");
	if (!message->samples || !message->sample_type || !message->period_type)
		return NULL;
	for (uint32_t i = 0; i < profile->nr_samples; i++) {
		if (!profile->samples[i].values[metric])
			continue;
		message->samples[message->n_samples] =
			new_sample(tables, &profile->samples[i], metric);
		if (!message->samples[message->n_samples++])
			return NULL;
	}
	message->time_unix_nano = profile->time_ns - profile->duration_ns;
	message->duration_nano = profile->duration_ns;
	message->period = profile->period;
	memcpy(id, payload->id, sizeof(payload->id));
	id[sizeof(payload->id) - 1] ^= metric; /* all of one file, each of its own */
	message->profile_id = (ProtobufCBinaryData){sizeof(payload->id), id};
	add_notes(tables, profile, message);
	return message;
}

static int fill_resource(struct otlp_tables *tables, const struct push_labels *labels,
			 Otlp__Resource *resource)
{
	resource->attributes =
		arena_new(&tables->arena, labels->nr * sizeof(*resource->attributes));
	for (unsigned int i = 0; i < labels->nr && resource->attributes; i++) {
		Otlp__KeyValue *pair = arena_new(&tables->arena, sizeof(*pair));

		if (!pair)
			return -ENOMEM;
		otlp__key_value__init(pair);
		pair->key = (char *)labels->all[i].name;
		/* by the conventions a number */
		pair->value = strcmp(pair->key, push_label_otlp_name("pid")) != 0
				      ? otlp_new_text(tables, labels->all[i].value)
				      : otlp_new_number(tables, atoll(labels->all[i].value));
		resource->attributes[resource->n_attributes++] = pair;
	}
	return resource->attributes ? 0 : -ENOMEM;
}

static int pack(const Otlp__Request *request, void **ret, size_t *ret_size)
{
	size_t size = otlp__request__get_packed_size(request);
	uint8_t *plain = malloc(size ?: 1);
	struct gzip_writer *writer = malloc(sizeof(*writer));
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_size);
	int err = plain && writer && out ? gzip_init(writer, out) : -ENOMEM;

	if (!err) {
		otlp__request__pack(request, plain);
		gzip_write(writer, plain, size);
		gzip_finish(writer);
		gzip_done(writer);
	}
	if (out && fclose(out))
		err = -ENOMEM;
	free(writer);
	free(plain);
	if (err)
		free(text);
	else
		*ret = text;
	return err;
}

int otlp_encode(const struct payload *payload, void **ret, size_t *ret_size)
{
	Otlp__Request request = OTLP__REQUEST__INIT;
	Otlp__ResourceProfiles resource_profiles = OTLP__RESOURCE_PROFILES__INIT;
	Otlp__Resource resource = OTLP__RESOURCE__INIT;
	Otlp__ScopeProfiles scope_profiles = OTLP__SCOPE_PROFILES__INIT;
	Otlp__Scope scope = OTLP__SCOPE__INIT;
	Otlp__Profile *profiles[NR_METRICS];
	struct otlp_tables tables;
	int err = otlp_tables_init(&tables, payload->profile);

	scope.name = "heaptap";
	scope.version = HEAPTAP_VERSION;
	scope_profiles.scope = &scope;
	scope_profiles.profiles = profiles;
	for (int i = NR_METRICS - 1; i >= 0 && !err;
	     i--) { /* viewers show the first: inuse_space */
		if (!payload->profile->has_metric[i])
			continue;
		profiles[scope_profiles.n_profiles] = new_profile(&tables, payload, i);
		err = profiles[scope_profiles.n_profiles++] ? 0 : -ENOMEM;
	}
	err = err ?: fill_resource(&tables, payload->labels, &resource);
	err = err ?: otlp_tables_finish(&tables, &request.dictionary);
	if (!err) {
		resource_profiles.resource = &resource;
		resource_profiles.scope_profiles = (Otlp__ScopeProfiles *[]){&scope_profiles};
		resource_profiles.n_scope_profiles = 1;
		request.resource_profiles = (Otlp__ResourceProfiles *[]){&resource_profiles};
		request.n_resource_profiles = 1;
		err = pack(&request, ret, ret_size);
	}
	otlp_tables_done(&tables);
	return err;
}

int otlp_judge(const void *body, size_t size, struct diag *diag)
{
	Otlp__Response *answer = otlp__response__unpack(NULL, size, body);
	int err = 0;

	if (!answer)
		return diag_fail(diag, -EPROTO,
				 "it answered that all is well, but not as OTLP has it: is there "
				 "another server at this URL?");
	if (answer->partial_success && answer->partial_success->rejected_profiles)
		err = diag_fail(diag, -EBADMSG, "it did not take %lld of the profiles: %.400s",
				(long long)answer->partial_success->rejected_profiles,
				answer->partial_success->error_message);
	otlp__response__free_unpacked(answer, NULL);
	return err;
}
