/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to a server in another process's network namespace: one GET, or a WebSocket that
 * carries texts. It knows nothing of what the texts say.
 *
 * The server is foreign: sizes are limited, every wait has an end.
 */
#ifndef HEAPTAP_INSPECTOR_CLIENT_H
#define HEAPTAP_INSPECTOR_CLIENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CLIENT_MESSAGE_MAX ((size_t)1 << 30) /* bytes of a text that is received */
#define CLIENT_BODY_MAX	   ((size_t)1 << 18) /* of the answer to a GET */

struct client_address {
	pid_t pid;	     /* whose network namespace */
	const char *address; /* "127.0.0.1", "::1" */
	uint16_t port;
};

/*
 * What http://ADDRESS:PORT/PATH says, NUL-terminated, the caller's to free. -ETIMEDOUT after
 * @timeout_ms; -EPROTO when it is no HTTP or the status is not 200; -EMSGSIZE; -ECONNREFUSED.
 */
int client_get(const struct client_address *address, const char *path, unsigned int timeout_ms,
	       char **ret_body);

struct client;

/* A WebSocket. Errors as above. client_close(NULL) is allowed. */
int client_open(const struct client_address *address, const char *path, unsigned int timeout_ms,
		struct client **ret);
void client_close(struct client *client);

/* @text goes out when the connection takes it. -ENOTCONN when it is closed. */
int client_send(struct client *client, const char *text, size_t size);

/*
 * The next text, NUL-terminated, the caller's to free. -ETIMEDOUT when none is complete after
 * @timeout_ms (0: only what has arrived); -ENOTCONN when the other side has closed; -EMSGSIZE.
 */
int client_receive(struct client *client, unsigned int timeout_ms, char **ret_text,
		   size_t *ret_size);

/* Readable when client_receive() with a timeout of 0 has something to do; -1 when closed. */
int client_fd(const struct client *client);

#endif
