// SPDX-License-Identifier: Apache-2.0
#include "push/http.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/random.h>

#include "util/clock.h"

#define NS_PER_S       1000000000ULL
#define NS_PER_MS      1000000ULL
#define BACKOFF_MAX_S  30
#define CONNECT_MAX_MS 10000L
#define ANSWER_MAX     ((size_t)1 << 20)
/* Of the timeout, how long nothing at all may come or go before an attempt is given up. */
#define STALL_SHARE 4

struct attempt {
	const struct http_request *request;
	CURL *curl;
	FILE *out; /* of the answer */
	size_t written;
	bool too_long;
	CURLcode code;
	long status;
};

int http_init(void)
{
	return curl_global_init(CURL_GLOBAL_DEFAULT) ? -ENOMEM : 0;
}

static size_t on_answer(char *data, size_t size, size_t nr, void *arg)
{
	struct attempt *attempt = arg;

	attempt->written += size * nr;
	attempt->too_long = attempt->written > ANSWER_MAX;
	return attempt->too_long ? 0 : fwrite(data, size, nr, attempt->out);
}

/* Called by curl about once a second, and whenever something moves. */
static int on_progress(void *arg, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal,
		       curl_off_t ulnow)
{
	const struct attempt *attempt = arg;
	struct pollfd cancel = {.fd = attempt->request->cancel_fd, .events = POLLIN};

	(void)dltotal, (void)dlnow, (void)ultotal, (void)ulnow;
	return poll(&cancel, 1, 0) > 0;
}

static int append(struct curl_slist **list, const char *name, const char *value)
{
	struct curl_slist *longer;
	char *line;

	if (asprintf(&line, "%s%s", name, value) < 0)
		return -ENOMEM;
	longer = curl_slist_append(*list, line);
	free(line);
	if (!longer)
		return -ENOMEM;
	*list = longer;
	return 0;
}

static int make_headers(const struct http_request *request, struct curl_slist **ret)
{
	int err = append(ret, "Content-Type: ", request->content_type);

	/* without it curl waits a second for leave to send a large body */
	err = err ?: append(ret, "Expect:", "");
	if (!err && request->content_encoding)
		err = append(ret, "Content-Encoding: ", request->content_encoding);
	if (!err && request->token && !request->user)
		err = append(ret, "Authorization: Bearer ", request->token);
	for (unsigned int i = 0; i < request->nr_headers && !err; i++)
		err = append(ret, request->headers[i], "");
	return err;
}

static void set_options(struct attempt *attempt, struct curl_slist *headers, uint64_t left_ns)
{
	const struct http_request *request = attempt->request;
	long left_ms = MAX(left_ns / NS_PER_MS, 1ULL);
	CURL *curl = attempt->curl;

	curl_easy_setopt(curl, CURLOPT_URL, request->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "heaptap/" HEAPTAP_VERSION);
	curl_easy_setopt(curl, CURLOPT_POST, 1L);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->size);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, attempt);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, attempt);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	/* the thread of a name server that does not answer is not waited for */
	curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, left_ms);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, MIN(left_ms, CONNECT_MAX_MS));
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
			 MAX((long)(request->timeout_ns / NS_PER_S / STALL_SHARE), 1L));
	if (request->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, request->ca_file);
	if (request->user) {
		curl_easy_setopt(curl, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		curl_easy_setopt(curl, CURLOPT_USERNAME, request->user);
		curl_easy_setopt(curl, CURLOPT_PASSWORD, request->token ?: "");
	}
}

static bool is_worth_repeating(const struct attempt *attempt)
{
	static const CURLcode codes[] = {
		CURLE_COULDNT_RESOLVE_PROXY,
		CURLE_COULDNT_RESOLVE_HOST,
		CURLE_COULDNT_CONNECT,
		CURLE_OPERATION_TIMEDOUT,
		CURLE_SEND_ERROR,
		CURLE_RECV_ERROR,
		CURLE_GOT_NOTHING,
		CURLE_PARTIAL_FILE,
		CURLE_SSL_CONNECT_ERROR,
		CURLE_HTTP2,
		CURLE_HTTP2_STREAM,
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (attempt->code == codes[i])
			return true;
	for (const long *status = attempt->request->retried; *status && !attempt->code; status++)
		if (attempt->status == *status)
			return true;
	return false;
}

static int error_of(const struct attempt *attempt)
{
	static const struct {
		long status;
		int err;
	} known[] = {{400, -EBADMSG}, {413, -EBADMSG}, {415, -EBADMSG},
		     {422, -EBADMSG}, {401, -EACCES},  {403, -EACCES}};

	if (attempt->code)
		return attempt->code == CURLE_ABORTED_BY_CALLBACK  ? -ECANCELED
		       : attempt->code == CURLE_OPERATION_TIMEDOUT ? -ETIMEDOUT
		       : attempt->code == CURLE_OUT_OF_MEMORY	   ? -ENOMEM
								   : -EHOSTUNREACH;
	if (attempt->status / 100 == 2)
		return 0;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (attempt->status == known[i].status)
			return known[i].err;
	return -EPROTO;
}

/* The first line of an answer, as far as it is text. */
static void quote(const char *body, char *text, size_t size)
{
	size_t length = 0;

	while (isspace((unsigned char)*body))
		body++;
	while (length + 1 < size && isprint((unsigned char)body[length]))
		length++;
	memcpy(text, body, length);
	text[length] = '\0';
}

/* How an attempt failed, and what to do about it. */
static void describe(const struct attempt *attempt, const char *error, const char *body, char *text,
		     size_t size)
{
	char *location = NULL, said[200];

	quote(body, said, sizeof(said));
	curl_easy_getinfo(attempt->curl, CURLINFO_REDIRECT_URL, &location);
	if (attempt->too_long)
		snprintf(text, size, "its answer does not end: is it such a server?");
	else if (attempt->code)
		snprintf(text, size, "%s", *error ? error : curl_easy_strerror(attempt->code));
	else if (location)
		snprintf(text, size,
			 "it answered %ld, look at %.300s: redirects are not followed, for nothing "
			 "is sent to another place than asked for; if that is the right one give "
			 "its URL",
			 attempt->status, location);
	else if (attempt->status == 401 || attempt->status == 403)
		snprintf(text, size,
			 "it answered %ld, not permitted: is the token right, and sent "
			 "(--push-token-file)? %s",
			 attempt->status, said);
	else if (attempt->status == 404)
		snprintf(text, size, "it answered 404: no such path; is the protocol right? %s",
			 said);
	else
		snprintf(text, size, "it answered %ld%s%s", attempt->status, *said ? ": " : "",
			 said);
}

/* 0 or -errno with @text; *ret_wait_s is what the server asks to wait, or 0. */
static int try_once(const struct http_request *request, struct curl_slist *headers,
		    uint64_t left_ns, struct http_answer *ret, bool *ret_again,
		    uint64_t *ret_wait_s, struct diag *text)
{
	struct attempt attempt = {.request = request, .curl = curl_easy_init()};
	char error[CURL_ERROR_SIZE] = "", *body = NULL;
	size_t size = 0;
	curl_off_t wait = 0;
	int err = -ENOMEM;

	attempt.out = open_memstream(&body, &size);
	*ret_again = false;
	if (!attempt.curl || !attempt.out)
		goto out;
	set_options(&attempt, headers, left_ns);
	curl_easy_setopt(attempt.curl, CURLOPT_ERRORBUFFER, error);
	attempt.code = curl_easy_perform(attempt.curl);
	curl_easy_getinfo(attempt.curl, CURLINFO_RESPONSE_CODE, &attempt.status);
	curl_easy_getinfo(attempt.curl, CURLINFO_RETRY_AFTER, &wait);
	if (fflush(attempt.out))
		goto out;
	err = error_of(&attempt);
	if (err)
		describe(&attempt, error, body, text->text, sizeof(text->text));
	*ret_again = err && is_worth_repeating(&attempt);
	*ret_wait_s = wait > 0 ? wait : 0;
out:
	if (attempt.out)
		fclose(attempt.out);
	curl_easy_cleanup(attempt.curl);
	if (err)
		free(body);
	else
		*ret = (struct http_answer){body, size};
	return err;
}

/* What is waited before attempt @nr + 1. */
static uint64_t backoff_ns(unsigned int nr)
{
	uint64_t ns = (nr < 6 ? MIN(1U << (nr - 1), BACKOFF_MAX_S) : BACKOFF_MAX_S) * NS_PER_S;
	uint32_t random = UINT32_MAX / 2;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = UINT32_MAX / 2;
	return ns - ns / 4 + (ns / 2 >> 16) * (random >> 16);
}

/* Whether it was interrupted. */
static bool sleep_until(uint64_t ns, int cancel_fd)
{
	struct pollfd cancel = {.fd = cancel_fd, .events = POLLIN};
	uint64_t now = clock_now_ns();

	return ns > now && poll(&cancel, 1, (ns - now) / NS_PER_MS + 1) > 0;
}

int http_post(const struct http_request *request, struct http_answer *ret, struct diag *diag)
{
	uint64_t begin = clock_now_ns(), end = begin + request->timeout_ns;
	struct curl_slist *headers = NULL;
	struct diag last = {0};
	unsigned int nr = 0;
	int err = make_headers(request, &headers);

	while (!err) {
		uint64_t now = clock_now_ns(), wait_s = 0, next;
		bool again;

		nr++;
		err = try_once(request, headers, end > now ? end - now : 1, ret, &again, &wait_s,
			       &last);
		next = clock_now_ns() + (wait_s ? wait_s * NS_PER_S : backoff_ns(nr));
		if (!err || !again || next >= end)
			break;
		err = sleep_until(next, request->cancel_fd) ? -ECANCELED : 0;
	}
	curl_slist_free_all(headers);
	if (!err)
		return 0;
	if (err == -ENOMEM || err == -ECANCELED)
		return diag_fail(diag, err, "%s",
				 err == -ENOMEM ? "out of memory" : "it was interrupted");
	if (nr == 1)
		return diag_fail(diag, err, "%s", last.text);
	return diag_fail(diag, err, "tried %u times in %.1f s; at last: %.800s", nr,
			 (clock_now_ns() - begin) / 1e9, last.text);
}
