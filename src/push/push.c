// SPDX-License-Identifier: Apache-2.0
#include "push/push.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "profile/pprof_read.h"
#include "push/http.h"
#include "push/protocol.h"

#define TOKEN_MAX 65536 /* bytes */
#define FILE_MAX  ((size_t)1 << 28)

struct push {
	struct push_options options;
	const struct protocol *protocol;
	char *url;  /* without the protocol's name and the user */
	char *user; /* NULL: none */
};

/* --- the URL --------------------------------------------------------------------------------- */

/* Of what is left when the protocol's name is taken off. */
struct parts {
	char *scheme, *host, *user, *password, *path, *fragment;
};

static void parts_get(CURLU *handle, struct parts *parts)
{
	struct {
		CURLUPart what;
		char **ret;
	} all[] = {
		{CURLUPART_SCHEME, &parts->scheme},	{CURLUPART_HOST, &parts->host},
		{CURLUPART_USER, &parts->user},		{CURLUPART_PATH, &parts->path},
		{CURLUPART_PASSWORD, &parts->password}, {CURLUPART_FRAGMENT, &parts->fragment},
	};

	/* a part that is not there stays NULL */
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		curl_url_get(handle, all[i].what, all[i].ret,
			     all[i].what == CURLUPART_USER ? CURLU_URLDECODE : 0);
}

static void parts_done(struct parts *parts)
{
	curl_free(parts->scheme);
	curl_free(parts->host);
	curl_free(parts->user);
	curl_free(parts->password);
	curl_free(parts->path);
	curl_free(parts->fragment);
}

static bool is_loopback(const char *host)
{
	uint8_t address[4];

	if (inet_pton(AF_INET, host, address) == 1)
		return address[0] == 127;
	return !strcmp(host, "localhost") || !strcmp(host, "[::1]");
}

static int check_parts(const struct push *push, const struct parts *parts, struct diag *diag)
{
	const struct push_options *options = &push->options;

	if (!parts->scheme || !parts->host ||
	    (strcmp(parts->scheme, "http") != 0 && strcmp(parts->scheme, "https") != 0))
		return diag_fail(diag, -EINVAL,
				 "only http and https are spoken; write " PROTOCOL_FORMS);
	if (parts->password)
		return diag_fail(diag, -EINVAL,
				 "it has a password, which everybody on this machine could read; "
				 "write USER@HOST, and give the password as the token "
				 "(--push-token-file)");
	if (parts->fragment)
		return diag_fail(diag, -EINVAL, "it has a part behind '#', which no server sees");
	if (!push->protocol)
		return diag_fail(diag, -EINVAL,
				 "it does not say which protocol; write " PROTOCOL_FORMS);
	if ((options->token || options->token_file) && !strcmp(parts->scheme, "http") &&
	    !is_loopback(parts->host))
		return diag_fail(diag, -EINVAL,
				 "the token would cross the network in the clear; write https");
	return 0;
}

/* The path of the API goes behind the URL's own, unless that ends in it. */
static int set_path(const struct push *push, CURLU *handle, const char *own)
{
	size_t length = strlen(own);
	char *path;
	int err;

	if (protocol_has_path(push->protocol, own))
		return 0;
	while (length && own[length - 1] == '/')
		length--;
	if (asprintf(&path, "%.*s%s", (int)length, own, push->protocol->path) < 0)
		return -ENOMEM;
	err = curl_url_set(handle, CURLUPART_PATH, path, 0) ? -ENOMEM : 0;
	free(path);
	return err;
}

static int parse_url(struct push *push, struct diag *diag)
{
	const char *url = push->options.url, *plus = strchr(url, '+'),
		   *slashes = strstr(url, "://");
	CURLU *handle = curl_url();
	struct parts parts = {0};
	char *plain = NULL;
	int err;

	if (!handle)
		return -ENOMEM;
	if (plus && slashes && plus < slashes) {
		push->protocol = protocol_by_name(url, plus - url);
		url = plus + 1;
	}
	if (!slashes || curl_url_set(handle, CURLUPART_URL, url, 0)) {
		err = diag_fail(diag, -EINVAL, "it is no URL of a server; write " PROTOCOL_FORMS);
		goto out;
	}
	parts_get(handle, &parts);
	if (url == push->options.url && parts.path)
		push->protocol = protocol_by_path(parts.path);
	err = check_parts(push, &parts, diag) ?: set_path(push, handle, parts.path ?: "");
	if (err)
		goto out;
	push->user = parts.user ? strdup(parts.user) : NULL;
	curl_url_set(handle, CURLUPART_USER, NULL, 0);
	if (!curl_url_get(handle, CURLUPART_URL, &plain, 0))
		push->url = strdup(plain);
	if (!push->url || (parts.user && !push->user))
		err = -ENOMEM;
out:
	curl_free(plain);
	parts_done(&parts);
	curl_url_cleanup(handle);
	return err;
}

/* --- what goes along ---------------------------------------------------------------------------
 */

static bool has_control(const char *text)
{
	while (*text && !iscntrl((unsigned char)*text))
		text++;
	return *text;
}

/* The token, the caller's to free, or NULL there when there is none. */
static int read_token(const struct push_options *options, char **ret, struct diag *diag)
{
	char *text = NULL;
	size_t room = 0;
	ssize_t length;
	FILE *in;

	*ret = NULL;
	if (!options->token_file) {
		*ret = options->token ? strdup(options->token) : NULL;
		return options->token && !*ret ? -ENOMEM : 0;
	}
	in = fopen(options->token_file, "re");
	if (!in)
		return diag_fail(diag, -errno, "cannot open the token's file %s: %s",
				 options->token_file, strerror(errno));
	length = getline(&text, &room, in);
	fclose(in);
	while (length > 0 && isspace((unsigned char)text[length - 1]))
		text[--length] = '\0';
	if (length <= 0 || length > TOKEN_MAX || has_control(text)) {
		free(text);
		return diag_fail(diag, -EINVAL, "the first line of %s is no token",
				 options->token_file);
	}
	*ret = text;
	return 0;
}

static int check_lists(const struct push *push, struct diag *diag)
{
	const struct push_options *options = &push->options;
	char *token;
	int err;

	for (unsigned int i = 0; i < options->nr_labels; i++)
		if (!push_label_is_valid(options->labels[i], push->protocol->otlp_names))
			return diag_fail(diag, -EINVAL,
					 "the label '%s' is not NAME=VALUE in UTF-8 with a name of "
					 "letters, digits and _",
					 options->labels[i]);
	for (unsigned int i = 0; i < options->nr_headers; i++)
		if (!strchr(options->headers[i], ':') || has_control(options->headers[i]))
			return diag_fail(diag, -EINVAL, "the header '%s' is not NAME: VALUE",
					 options->headers[i]);
	if (options->ca_file && access(options->ca_file, R_OK))
		return diag_fail(diag, -errno, "cannot read the certificates in %s: %s",
				 options->ca_file, strerror(errno));
	if (options->token && has_control(options->token))
		return diag_fail(diag, -EINVAL, "the token has characters that no token has");
	err = read_token(options, &token, diag);
	free(token);
	return err;
}

int push_open(const struct push_options *options, struct push **ret, struct diag *diag)
{
	struct push *push = calloc(1, sizeof(*push));
	int err = push ? http_init() : -ENOMEM;

	if (!err) {
		push->options = *options;
		err = parse_url(push, diag) ?: check_lists(push, diag);
	}
	if (err) {
		push_close(push);
		return err;
	}
	*ret = push;
	return 0;
}

void push_close(struct push *push)
{
	if (!push)
		return;
	free(push->url);
	free(push->user);
	free(push);
}

/* --- a profile ------------------------------------------------------------------------------- */

static int read_file(int fd, void **ret, size_t *ret_size, struct diag *diag)
{
	struct stat st;
	size_t size = 0;
	char *data;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || (size_t)st.st_size > FILE_MAX)
		return diag_fail(diag, -EINVAL, "it is no file, or of more than 256 MB");
	data = malloc(st.st_size + 1);
	if (!data)
		return -ENOMEM;
	while (size < (size_t)st.st_size) {
		ssize_t n = pread(fd, data + size, st.st_size - size, size);

		if (n <= 0) {
			free(data);
			return diag_fail(diag, -EINVAL, "cannot read it: %s",
					 n ? strerror(errno) : "it has become shorter");
		}
		size += n;
	}
	*ret = data;
	*ret_size = size;
	return 0;
}

/* SHA-1 as RFC 9562 has it for names, version 5; the name is the file's content. */
static void make_id(struct payload *payload)
{
	uint8_t hash[20];

	lws_SHA1(payload->data, payload->size, hash);
	memcpy(payload->id, hash, sizeof(payload->id));
	payload->id[6] = (payload->id[6] & 0x0f) | 0x50;
	payload->id[8] = (payload->id[8] & 0x3f) | 0x80;
}

static int post(const struct push *push, const void *body, size_t size, int cancel_fd,
		struct diag *diag)
{
	const struct push_options *options = &push->options;
	const struct protocol *protocol = push->protocol;
	struct http_answer answer = {0};
	char *token = NULL;
	int err = read_token(options, &token, diag);

	struct http_request request = {
		.url = push->url,
		.user = push->user,
		.token = token,
		.ca_file = options->ca_file,
		.content_type = protocol->content_type,
		.content_encoding = protocol->content_encoding,
		.headers = options->headers,
		.nr_headers = options->nr_headers,
		.body = body,
		.size = size,
		.retried = protocol->retried,
		.timeout_ns = options->timeout_ns,
		.cancel_fd = cancel_fd,
	};

	err = err ?: http_post(&request, &answer, diag);
	err = err ?: protocol->judge(answer.body, answer.size, diag);
	free(answer.body);
	free(token);
	return err;
}

int push_send(const struct push *push, int fd, int cancel_fd, struct diag *diag)
{
	struct push_labels labels = {0};
	struct profile *profile = NULL;
	void *data = NULL, *body = NULL;
	struct payload payload;
	size_t size = 0;
	int err = read_file(fd, &data, &size, diag);

	if (!err && pprof_parse(data, size, &profile, diag))
		err = -EINVAL;
	if (err)
		goto out;
	err = push_labels_init(&labels, profile, &push->options, push->protocol->otlp_names);
	payload = (struct payload){data, size, profile, &labels, {0}};
	make_id(&payload);
	err = err ?: push->protocol->encode(&payload, &body, &size);
	err = err ?: post(push, body, size, cancel_fd, diag);
out:
	push_labels_done(&labels);
	profile_free(profile);
	free(body);
	free(data);
	if (err && !*diag->text)
		diag_fail(diag, err, "%s", strerror(-err));
	return err;
}
