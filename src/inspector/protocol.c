// SPDX-License-Identifier: Apache-2.0
/*
 * Requests carry a number that their answer repeats. Answers to requests that were given up may
 * still come, and are left alone; so are events but for one.
 */
#include "inspector/protocol.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proc/process.h"
#include "util/clock.h"

#define SLICE_MS    1000 /* between two looks at whether the process is stopped */
#define STOPPED_MAX 3	 /* such looks in a row */

#define WAITING_EVENT "NodeRuntime.waitingForDisconnect"

struct protocol {
	struct client *client;
	pid_t pid;
	json_int_t last_id;
	bool is_waited_for;
};

/* The four digits behind "\u", or -1. */
static int hex4(const char *digits)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		char c = digits[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

static bool is_unit_at(const char *text, size_t size, size_t at, int first)
{
	return at + 6 <= size && text[at] == '\\' && text[at + 1] == 'u' &&
	       (hex4(text + at + 2) & ~0x3FF) == first;
}

void protocol_repair(char *text, size_t size)
{
	size_t at = 0;

	while (at + 1 < size) {
		if (text[at] != '\\') {
			at++;
			continue;
		}
		if (is_unit_at(text, size, at, 0xD800) && is_unit_at(text, size, at + 6, 0xDC00)) {
			at += 12;
			continue;
		}
		if (is_unit_at(text, size, at, 0xD800) || is_unit_at(text, size, at, 0xDC00))
			memcpy(text + at + 2, "FFFD", 4);
		at += 2;
	}
}

int protocol_open(const struct client_address *address, const char *path, unsigned int timeout_ms,
		  struct protocol **ret)
{
	struct protocol *protocol = calloc(1, sizeof(*protocol));
	int err = protocol ? client_open(address, path, timeout_ms, &protocol->client) : -ENOMEM;

	if (err) {
		free(protocol);
		return err;
	}
	protocol->pid = address->pid;
	*ret = protocol;
	return 0;
}

void protocol_close(struct protocol *protocol)
{
	if (!protocol)
		return;
	client_close(protocol->client);
	free(protocol);
}

/* The next message; NULL in *ret when it is no JSON object. */
static int receive(struct protocol *protocol, unsigned int timeout_ms, json_t **ret)
{
	const char *event;
	size_t size;
	char *text;
	int err = client_receive(protocol->client, timeout_ms, &text, &size);

	if (err)
		return err;
	protocol_repair(text, size);
	*ret = json_loadb(text, size, JSON_ALLOW_NUL, NULL);
	free(text);
	event = json_string_value(json_object_get(*ret, "method"));
	if (event && !strcmp(event, WAITING_EVENT))
		protocol->is_waited_for = true;
	return 0;
}

static int send(struct protocol *protocol, const char *method, json_t *params)
{
	json_t *request = json_pack("{s:I, s:s, s:o*}", "id", (json_int_t)++protocol->last_id,
				    "method", method, "params", params);
	char *text = request ? json_dumps(request, JSON_COMPACT) : NULL;
	int err = text ? client_send(protocol->client, text, strlen(text)) : -ENOMEM;

	free(text);
	json_decref(request);
	return err;
}

/* By SIGSTOP or a debugger: it answers when it goes on, which may be never. */
static bool is_stopped(const struct protocol *protocol)
{
	struct process process;

	return !process_read(protocol->pid, &process) &&
	       (process.state == 'T' || process.state == 't');
}

/* Messages until the answer to the last request. A process that is stopped is not waited for. */
static int receive_answer(struct protocol *protocol, uint64_t end, json_t **ret)
{
	unsigned int nr_stopped = 0;
	json_t *message, *id;
	uint64_t now;

	while ((now = clock_now_ns()) < end && nr_stopped < STOPPED_MAX) {
		uint64_t left_ms = (end - now) / 1000000 + 1;
		int err = receive(protocol, left_ms < SLICE_MS ? left_ms : SLICE_MS, &message);

		if (err == -ETIMEDOUT) {
			nr_stopped = is_stopped(protocol) ? nr_stopped + 1 : 0;
			continue;
		}
		if (err)
			return err;
		if (!message)
			return -EPROTO;
		id = json_object_get(message, "id");
		if (json_is_integer(id) && json_integer_value(id) == protocol->last_id) {
			*ret = message;
			return 0;
		}
		json_decref(message);
	}
	return -ETIMEDOUT;
}

static int explain(const struct protocol *protocol, const char *method, uint64_t begin, int err,
		   struct diag *diag)
{
	switch (err) {
	case -ETIMEDOUT:
		return diag_fail(diag, err, "%s: no answer for %.1f s%s", method,
				 (clock_now_ns() - begin) / 1e9,
				 is_stopped(protocol) ? ": the process is stopped (kill -CONT lets "
							"it go on)"
						      : "");
	case -ENOTCONN:
		return diag_fail(diag, err, "%s: the connection is closed", method);
	default:
		return diag_fail(diag, err, "%s: %s", method, strerror(-err));
	}
}

int protocol_call(struct protocol *protocol, const char *method, json_t *params,
		  unsigned int timeout_ms, json_t **ret_result, struct diag *diag)
{
	uint64_t begin = clock_now_ns();
	json_t *answer, *result, *error;
	int err = send(protocol, method, params);

	err = err ?: receive_answer(protocol, begin + timeout_ms * 1000000ULL, &answer);
	if (err)
		return explain(protocol, method, begin, err, diag);
	error = json_object_get(answer, "error");
	result = json_object_get(answer, "result");
	if (error) {
		const char *why = json_string_value(json_object_get(error, "message"));

		err = diag_fail(diag, -EOPNOTSUPP, "%s: %s", method, why ?: "refused");
	} else if (!json_is_object(result)) {
		err = diag_fail(diag, -EPROTO, "%s: the answer has no result", method);
	} else if (ret_result) {
		*ret_result = json_incref(result);
	}
	json_decref(answer);
	return err;
}

int protocol_service(struct protocol *protocol)
{
	json_t *message;
	int err;

	while (!(err = receive(protocol, 0, &message)))
		json_decref(message);
	return err == -ETIMEDOUT ? 0 : err;
}

bool protocol_is_waited_for(const struct protocol *protocol)
{
	return protocol->is_waited_for;
}

int protocol_fd(const struct protocol *protocol)
{
	return client_fd(protocol->client);
}
