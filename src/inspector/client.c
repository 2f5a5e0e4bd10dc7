// SPDX-License-Identifier: Apache-2.0
/*
 * libwebsockets with one connection to a context. Its sockets are made on a thread that is in the
 * right namespace; from then on the context is serviced by whoever waits, never by two at once.
 *
 * node's inspector closes a connection that sends a ping, so the library must send none.
 */
#include "inspector/client.h"

#include <errno.h>
#include <libwebsockets.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "inspector/netns.h"
#include "util/clock.h"

#define RECEIVE_SIZE 65536

struct message {
	struct message *next;
	size_t size;
	char text[]; /* NUL-terminated */
};

struct client {
	struct lws_context *context;
	struct lws *wsi; /* NULL: not connected any more */
	bool websocket, established;
	int err; /* why there is no connection */
	size_t max_size;
	char *in; /* the message that is being received */
	size_t in_size, in_max;
	struct message *first, **last; /* complete ones */
	char *out;		       /* one that waits for the socket, behind LWS_PRE bytes */
	size_t out_size;
	lws_sorted_usec_list_t timer;
	bool timed_out;
};

static const lws_retry_bo_t no_pings;

static int append(struct client *client, const char *bytes, size_t size)
{
	if (size > client->max_size || client->in_size > client->max_size - size)
		return -EMSGSIZE;
	if (client->in_size + size + 1 > client->in_max) {
		size_t max = 2 * (client->in_size + size) + 1;
		char *in = realloc(client->in, max);

		if (!in)
			return -ENOMEM;
		client->in = in;
		client->in_max = max;
	}
	memcpy(client->in + client->in_size, bytes, size);
	client->in_size += size;
	return 0;
}

static int finish_message(struct client *client)
{
	struct message *message = malloc(sizeof(*message) + client->in_size + 1);

	if (!message)
		return -ENOMEM;
	message->next = NULL;
	message->size = client->in_size;
	if (client->in_size)
		memcpy(message->text, client->in, client->in_size);
	message->text[message->size] = '\0';
	*client->last = message;
	client->last = &message->next;
	client->in_size = 0;
	return 0;
}

/* The connection is over, for the first reason that is given. Returns what closes it. */
static int end(struct client *client, int err)
{
	if (!client->err)
		client->err = err;
	return -1;
}

static int receive_fragment(struct client *client, struct lws *wsi, const char *bytes, size_t size)
{
	int err = append(client, bytes, size);

	if (!err && lws_is_final_fragment(wsi) && !lws_remaining_packet_payload(wsi))
		err = finish_message(client);
	return err ? end(client, err) : 0;
}

static int write_out(struct client *client, struct lws *wsi)
{
	int n;

	if (!client->out)
		return 0;
	n = lws_write(wsi, (unsigned char *)client->out + LWS_PRE, client->out_size,
		      LWS_WRITE_TEXT);
	free(client->out);
	client->out = NULL;
	return n < 0 ? end(client, -ENOTCONN) : 0;
}

/* Has the library read the body that is there; it comes back as RECEIVE_CLIENT_HTTP_READ. */
static int read_body(struct client *client, struct lws *wsi)
{
	char buffer[LWS_PRE + 4096], *start = buffer + LWS_PRE;
	int size = sizeof(buffer) - LWS_PRE;

	return lws_http_client_read(wsi, &start, &size) < 0 ? end(client, -EPROTO) : 0;
}

static int finish_body(struct client *client)
{
	int err = finish_message(client);

	if (err)
		end(client, err);
	return -1; /* one answer a connection */
}

static int on_http(struct lws *wsi, enum lws_callback_reasons reason, struct client *client,
		   void *in, size_t size)
{
	int err;

	switch (reason) {
	case LWS_CALLBACK_ESTABLISHED_CLIENT_HTTP:
		if (client->websocket) /* its answer, which the library judges */
			return 0;
		if (lws_http_client_http_response(wsi) != 200)
			return end(client, -EPROTO);
		client->established = true;
		return 0;
	case LWS_CALLBACK_RECEIVE_CLIENT_HTTP:
		return read_body(client, wsi);
	case LWS_CALLBACK_RECEIVE_CLIENT_HTTP_READ:
		err = append(client, in, size);
		return err ? end(client, err) : 0;
	case LWS_CALLBACK_COMPLETED_CLIENT_HTTP:
		return finish_body(client);
	case LWS_CALLBACK_CLOSED_CLIENT_HTTP:
		client->wsi = NULL;
		if (client->established && !client->first && !client->err)
			finish_body(client);
		end(client, -ENOTCONN);
		return 0;
	default:
		return 0;
	}
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		    size_t size)
{
	struct client *client = lws_context_user(lws_get_context(wsi));

	(void)user;
	if (!client)
		return 0;
	switch (reason) {
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		client->established = true;
		return 0;
	case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
		client->wsi = NULL;
		end(client, -ECONNREFUSED);
		return 0;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		return receive_fragment(client, wsi, in, size);
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		return write_out(client, wsi);
	case LWS_CALLBACK_CLIENT_CLOSED:
		client->wsi = NULL;
		end(client, -ENOTCONN);
		return 0;
	default:
		return on_http(wsi, reason, client, in, size);
	}
}

static const struct lws_protocols protocols[] = {
	{.name = "heaptap", .callback = on_event, .rx_buffer_size = RECEIVE_SIZE},
	{0},
};

static struct client *client_new(size_t max_size)
{
	struct client *client = calloc(1, sizeof(*client));
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.protocols = protocols,
		.user = client,
		.pt_serv_buf_size = RECEIVE_SIZE,
		.fd_limit_per_thread = 16,
		.retry_and_idle_policy = &no_pings,
		.http_proxy_address = "", /* none, whatever $http_proxy says */
	};

	if (!client)
		return NULL;
	client->last = &client->first;
	client->max_size = max_size;
	lws_set_log_level(0, NULL);
	client->context = lws_create_context(&info);
	if (!client->context) {
		free(client);
		return NULL;
	}
	return client;
}

void client_close(struct client *client)
{
	struct message *message;

	if (!client)
		return;
	lws_context_destroy(client->context);
	while ((message = client->first)) {
		client->first = message->next;
		free(message);
	}
	free(client->in);
	free(client->out);
	free(client);
}

/* Timers run before the library sleeps: without the wake-up it would sleep once more. */
static void on_timer(lws_sorted_usec_list_t *timer)
{
	struct client *client = lws_container_of(timer, struct client, timer);

	client->timed_out = true;
	lws_cancel_service(client->context);
}

static bool is_established(const struct client *client)
{
	return client->established;
}

static bool has_message(const struct client *client)
{
	return client->first;
}

/* 0, -ETIMEDOUT, or why there is no connection any more. */
static int wait_until(struct client *client, bool (*condition)(const struct client *client),
		      unsigned int timeout_ms)
{
	if (!condition(client) && !client->err)
		lws_service(client->context, -1);
	client->timed_out = false;
	lws_sul_schedule(client->context, 0, &client->timer, on_timer,
			 timeout_ms * (lws_usec_t)LWS_US_PER_MS + 1);
	while (timeout_ms && !client->timed_out && !condition(client) && !client->err)
		if (lws_service(client->context, 0) < 0)
			end(client, -EIO);
	lws_sul_schedule(client->context, 0, &client->timer, NULL, LWS_SET_TIMER_USEC_CANCEL);
	if (condition(client))
		return 0;
	return client->err ?: -ETIMEDOUT;
}

struct connecting {
	struct client *client;
	const struct client_address *address;
	const char *path, *method; /* NULL: a WebSocket */
	unsigned int timeout_ms;
};

/* In the namespace: sockets are made here, at the latest when the connection stands. */
static int connect_there(void *arg)
{
	const struct connecting *connecting = arg;
	struct client *client = connecting->client;
	const struct lws_client_connect_info info = {
		.context = client->context,
		.address = connecting->address->address,
		.port = connecting->address->port,
		.path = connecting->path,
		.host = "localhost", /* node refuses the names of hosts, but for this one */
		.method = connecting->method,
		.local_protocol_name = protocols[0].name,
		.pwsi = &client->wsi,
		.retry_and_idle_policy = &no_pings,
	};

	client->websocket = !connecting->method;
	if (!lws_client_connect_via_info(&info))
		return client->err ?: -ECONNREFUSED;
	return wait_until(client, is_established, connecting->timeout_ms);
}

int client_get(const struct client_address *address, const char *path, unsigned int timeout_ms,
	       char **ret_body)
{
	struct client *client = client_new(CLIENT_BODY_MAX);
	struct connecting connecting = {client, address, path, "GET", timeout_ms};
	uint64_t begin = clock_now_ns(), spent;
	size_t size;
	int err;

	if (!client)
		return -ENOMEM;
	err = netns_call(address->pid, connect_there, &connecting);
	if (err == -ENOTCONN && client->first)
		err = 0;
	spent = (clock_now_ns() - begin) / 1000000;
	if (!err)
		err = client_receive(client, spent < timeout_ms ? timeout_ms - spent : 0, ret_body,
				     &size);
	client_close(client);
	return err;
}

int client_open(const struct client_address *address, const char *path, unsigned int timeout_ms,
		struct client **ret)
{
	struct client *client = client_new(CLIENT_MESSAGE_MAX);
	struct connecting connecting = {client, address, path, NULL, timeout_ms};
	int err;

	if (!client)
		return -ENOMEM;
	err = netns_call(address->pid, connect_there, &connecting);
	if (err) {
		client_close(client);
		return err;
	}
	*ret = client;
	return 0;
}

int client_send(struct client *client, const char *text, size_t size)
{
	char *out;

	if (!client->wsi || client->err)
		return client->err ?: -ENOTCONN;
	if (client->out) /* one at a time: this is a conversation */
		return -EBUSY;
	out = malloc(LWS_PRE + size);
	if (!out)
		return -ENOMEM;
	memcpy(out + LWS_PRE, text, size);
	client->out = out;
	client->out_size = size;
	lws_callback_on_writable(client->wsi);
	return 0;
}

int client_receive(struct client *client, unsigned int timeout_ms, char **ret_text,
		   size_t *ret_size)
{
	int err = wait_until(client, has_message, timeout_ms);
	struct message *message = client->first;

	if (!message)
		return err;
	client->first = message->next;
	if (!client->first)
		client->last = &client->first;
	*ret_size = message->size;
	*ret_text = (char *)message;
	memmove(*ret_text, message->text, message->size + 1);
	return 0;
}

int client_fd(const struct client *client)
{
	return client->wsi ? lws_get_socket_fd(client->wsi) : -1;
}
