// SPDX-License-Identifier: Apache-2.0
/*
 * The two servers that take a pprof file as it is, in base64 within JSON: Pyroscope's push.v1 and
 * Parca's WriteRaw. Both are "series" of labels and samples; they differ in how labels are nested.
 */
#include <errno.h>
#include <jansson.h>
#include <libwebsockets.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "push/protocol.h"

static json_t *new_labels(const struct payload *payload)
{
	const struct profile *profile = payload->profile;
	json_t *list = json_array();
	int err;

	/* The name of the kind of profile, as servers group the sample types. */
	err = json_array_append_new(
		list, json_pack("{s:s, s:s}", "name", "__name__", "value",
				profile->has_metric[METRIC_GC_PAUSES] ? "gc" : "memory"));
	for (unsigned int i = 0; i < payload->labels->nr && !err; i++)
		err = json_array_append_new(list, json_pack("{s:s, s:s}", "name",
							    payload->labels->all[i].name, "value",
							    payload->labels->all[i].value));
	if (!err)
		return list;
	json_decref(list);
	return NULL;
}

static json_t *new_base64(const struct payload *payload)
{
	/* the NUL, and a byte that libwebsockets wants to see beyond it */
	size_t size = (payload->size + 2) / 3 * 4 + 2;
	char *text = malloc(size);
	json_t *string = NULL;

	if (text && lws_b64_encode_string(payload->data, payload->size, text, size) >= 0)
		string = json_string_nocheck(text);
	free(text);
	return string;
}

/* Takes over @labels and @sample, either of which may be NULL. */
static int put_series(json_t *labels, json_t *sample, void **ret, size_t *ret_size)
{
	json_t *object =
		json_pack("{s:[{s:o, s:[o]}]}", "series", "labels", labels, "samples", sample);
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	if (!text)
		return -ENOMEM;
	*ret = text;
	*ret_size = strlen(text);
	return 0;
}

int pyroscope_encode(const struct payload *payload, void **ret, size_t *ret_size)
{
	const uint8_t *id = payload->id;
	char uuid[37];

	if (payload->size > INT_MAX / 2)
		return -EFBIG;
	snprintf(uuid, sizeof(uuid),
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", id[0],
		 id[1], id[2], id[3], id[4], id[5], id[6], id[7], id[8], id[9], id[10], id[11],
		 id[12], id[13], id[14], id[15]);
	return put_series(new_labels(payload),
			  json_pack("{s:s, s:o}", "ID", uuid, "rawProfile", new_base64(payload)),
			  ret, ret_size);
}

int parca_encode(const struct payload *payload, void **ret, size_t *ret_size)
{
	if (payload->size > INT_MAX / 2)
		return -EFBIG;
	return put_series(json_pack("{s:o}", "labels", new_labels(payload)),
			  json_pack("{s:o}", "rawProfile", new_base64(payload)), ret, ret_size);
}

int raw_judge(const void *body, size_t size, struct diag *diag)
{
	json_t *answer = json_loadb(body, size, 0, NULL);
	bool good = json_is_object(answer);

	json_decref(answer);
	if (good)
		return 0;
	return diag_fail(
		diag, -EPROTO,
		"it answered that all is well, but not in JSON as this protocol has it: is "
		"there another server at this URL?");
}
