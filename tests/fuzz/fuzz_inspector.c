// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer: any bytes as an answer of the inspector, as the name of a script and as the kernel's
 * table of sockets. A profile that was made must be one that can be written and read back.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspector/listeners.h"
#include "inspector/sampling.h"
#include "inspector/script_url.h"
#include "profile/pprof_read.h"
#include "profile/pprof_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_profile(const struct profile *profile)
{
	struct diag diag = {""};
	struct profile *again;
	size_t bytes_size;
	char *bytes;
	FILE *stream = open_memstream(&bytes, &bytes_size);

	if (!stream || pprof_write(profile, stream) || fclose(stream) ||
	    pprof_parse(bytes, bytes_size, &again, &diag))
		abort();
	free(bytes);
	profile_free(again);
}

static void answer(char *text, size_t size)
{
	struct diag diag = {""};
	struct profile *profile;
	json_t *json;

	protocol_repair(text, size);
	json = json_loadb(text, size, JSON_ALLOW_NUL, NULL);
	if (!json)
		return;
	profile = profile_new();
	if (!profile)
		abort();
	profile->period = 1024;
	if (!sampling_convert(json, profile, &diag))
		check_profile(profile);
	else if (!*diag.text)
		abort();
	profile_free(profile);
	json_decref(json);
}

static void sockets(char *text)
{
	struct listener listeners[4];
	char address[LISTENER_TEXT], *copy = strdup(text);
	size_t nr;

	for (int ipv6 = 0; ipv6 <= 1; ipv6++) {
		nr = listeners_parse(ipv6 ? copy : text, ipv6, listeners, 4);
		if (nr > 4)
			abort();
		for (size_t i = 0; i < nr; i++) {
			listener_address(&listeners[i], address);
			if (!memchr(address, 0, sizeof(address)) || !*address)
				abort();
		}
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *path;

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	path = script_url_decode(text);
	if (!path || strlen(path) > strlen(text))
		abort();
	free(path);
	answer(text, size);
	sockets(text);
	free(text);
	return 0;
}
