// SPDX-License-Identifier: Apache-2.0
#include "push/protocol.h"

#include <string.h>

/* OTLP has a list of its own (OTLP 1.10, failures): everything else must not be repeated. */
static const long retried_usually[] = {408, 429, 500, 502, 503, 504, 0};
static const long retried_otlp[] = {429, 502, 503, 504, 0};

static const struct protocol protocols[] = {
	{
		.name = "pyroscope",
		.path = "/push.v1.PusherService/Push",
		.content_type = "application/json",
		.retried = retried_usually,
		.encode = pyroscope_encode,
		.judge = raw_judge,
	},
	{
		.name = "parca",
		.path = "/profiles/writeraw",
		.content_type = "application/json",
		.retried = retried_usually,
		.encode = parca_encode,
		.judge = raw_judge,
	},
	{
		.name = "otlp",
		.path = "/v1development/profiles",
		.content_type = "application/x-protobuf",
		.content_encoding = "gzip",
		.otlp_names = true,
		.retried = retried_otlp,
		.encode = otlp_encode,
		.judge = otlp_judge,
	},
};

#define NR_PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

const struct protocol *protocol_by_name(const char *name, size_t length)
{
	for (size_t i = 0; i < NR_PROTOCOLS; i++)
		if (strlen(protocols[i].name) == length &&
		    !strncmp(protocols[i].name, name, length))
			return &protocols[i];
	return NULL;
}

bool protocol_has_path(const struct protocol *protocol, const char *path)
{
	size_t length = strlen(path), tail = strlen(protocol->path);

	return length >= tail && !strcmp(path + length - tail, protocol->path);
}

const struct protocol *protocol_by_path(const char *path)
{
	for (size_t i = 0; i < NR_PROTOCOLS; i++)
		if (protocol_has_path(&protocols[i], path))
			return &protocols[i];
	return NULL;
}
