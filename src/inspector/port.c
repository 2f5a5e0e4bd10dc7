// SPDX-License-Identifier: Apache-2.0
/*
 * The inspector answers on a thread of its own, also while the program is busy; whoever does not
 * answer in a second is not it, or is stopped.
 */
#include "inspector/port.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"

#define PROBE_TIMEOUT_MS   1000
#define CONNECT_TIMEOUT_MS 5000
#define CALL_TIMEOUT_MS	   5000
#define OPEN_TIMEOUT_MS	   5000
#define STEP_MS		   20
#define MAX_PROBES	   64 /* ports of one process that are asked */
#define NODE_PORT	   9229

#define NODE "node.js/"

static void sleep_ms(unsigned int ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

static int get_json(const struct port *port, const char *path, json_t **ret)
{
	const struct client_address address = {port->pid, port->address, port->listener.port};
	char *body;
	int err = client_get(&address, path, PROBE_TIMEOUT_MS, &body);

	if (err)
		return err;
	*ret = json_loads(body, 0, NULL);
	free(body);
	return *ret ? 0 : -EPROTO;
}

/* Copies a text that is short and has only what ids and versions have. */
static bool copy_plain(char *to, size_t size, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789.-_+/";

	if (!text || !*text || strlen(text) >= size || text[strspn(text, plain)])
		return false;
	strcpy(to, text);
	return true;
}

/* Fills in what the other side says. -ENOENT when it is no node inspector. */
static int ask(struct port *port)
{
	json_t *version = NULL, *list = NULL;
	char id[sizeof(port->path) - 1];
	int err = get_json(port, "/json/version", &version);

	if (err)
		return err;
	if (!copy_plain(port->browser, sizeof(port->browser),
			json_string_value(json_object_get(version, "Browser"))) ||
	    strncmp(port->browser, NODE, strlen(NODE)) != 0)
		err = -ENOENT;
	err = err ?: get_json(port, "/json/list", &list);
	if (!err && !copy_plain(id, sizeof(id),
				json_string_value(json_object_get(json_array_get(list, 0), "id"))))
		err = -ENOENT;
	if (!err)
		snprintf(port->path, sizeof(port->path), "/%s", id);
	json_decref(list);
	json_decref(version);
	return err;
}

static bool is_known(const struct listener *listener, const struct listener *known, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (known[i].inode == listener->inode)
			return true;
	return false;
}

/* Asks the listeners but for @known. */
static int find(pid_t pid, const struct listener *known, size_t nr_known, struct port *ret)
{
	struct listener *listeners;
	int err, result = -ENOENT;
	size_t nr;

	err = listeners_read(pid, &listeners, &nr);
	if (err)
		return err;
	for (size_t i = 0; i < nr && i < MAX_PROBES && result; i++) {
		struct port port = {.pid = pid, .listener = listeners[i]};

		if (is_known(&listeners[i], known, nr_known))
			continue;
		listener_address(&listeners[i], port.address);
		err = ask(&port);
		if (err == -EPERM) /* not let into the namespace */
			result = err;
		if (!err) {
			*ret = port;
			result = 0;
		}
	}
	free(listeners);
	return result;
}

int port_find(pid_t pid, struct port *ret, struct diag *diag)
{
	int err = find(pid, NULL, 0, ret);

	switch (err) {
	case 0:
	case -ENOENT:
		return err;
	case -EPERM:
		return diag_fail(diag, err,
				 "not permitted to enter the network namespace of pid %d: run as "
				 "root, or with CAP_SYS_ADMIN",
				 pid);
	case -ESRCH:
		return diag_fail(diag, err, "pid %d ended while heaptap attached to it", pid);
	default:
		return diag_fail(diag, err, "cannot list the sockets of pid %d: %s", pid,
				 strerror(-err));
	}
}

static int explain_closed(pid_t pid, bool was_taken, struct diag *diag)
{
	if (was_taken)
		return diag_fail(diag, -ETIMEDOUT,
				 "pid %d did not open its inspector in %d s: port %d is taken by "
				 "another process (node says so on its stderr); end that one's "
				 "inspector, or give this one a port of its own with "
				 "--inspect-port=PORT",
				 pid, OPEN_TIMEOUT_MS / 1000, NODE_PORT);
	return diag_fail(diag, -ETIMEDOUT,
			 "pid %d did not open its inspector in %d s: its port is taken (node says "
			 "so on its stderr), or its threads are blocked or frozen; it may still "
			 "open the port later",
			 pid, OPEN_TIMEOUT_MS / 1000);
}

int port_open(pid_t pid, int pidfd, struct port *ret, struct diag *diag)
{
	uint64_t end = clock_now_ns() + OPEN_TIMEOUT_MS * 1000000ULL;
	bool was_taken = listeners_taken(pid, NODE_PORT);
	struct listener *known;
	size_t nr_known;
	int err;

	err = listeners_read(pid, &known, &nr_known);
	if (!err && syscall(SYS_pidfd_send_signal, pidfd, SIGUSR1, NULL, 0))
		err = -errno;
	if (err) {
		free(known);
		return diag_fail(diag, err, "cannot send SIGUSR1 to pid %d: %s", pid,
				 strerror(-err));
	}
	do {
		sleep_ms(STEP_MS);
		err = find(pid, known, nr_known, ret);
	} while (err == -ENOENT && clock_now_ns() < end);
	free(known);
	if (err == -ENOENT)
		return explain_closed(pid, was_taken, diag);
	if (err)
		diag_fail(diag, err, "pid %d ended, or its sockets cannot be seen any more: %s",
			  pid, strerror(-err));
	return err;
}

int port_connect(const struct port *port, struct protocol **ret, struct diag *diag)
{
	const struct client_address address = {port->pid, port->address, port->listener.port};
	int err = protocol_open(&address, port->path, CONNECT_TIMEOUT_MS, ret);

	if (err)
		return diag_fail(diag, err,
				 "cannot connect to the inspector of pid %d at %s port %u: %s",
				 port->pid, port->address, port->listener.port, strerror(-err));
	/* Without it node waits for us in silence when it ends. An older one may not know it. */
	err = protocol_call(*ret, "NodeRuntime.notifyWhenWaitingForDisconnect",
			    json_pack("{s:b}", "enabled", 1), CALL_TIMEOUT_MS, NULL, diag);
	if (err == -EOPNOTSUPP)
		err = 0;
	if (err) {
		protocol_close(*ret);
		*ret = NULL;
	}
	return err;
}

/* Closing waits for sessions to end, and this is one: so it is left to a timer. node's own timers,
 * since an application may have replaced the global ones; without keeping the process alive. */
#define CLOSE_EXPRESSION                                                                           \
	"require('timers').setTimeout(() => process._debugEnd(), 50).unref(), 'scheduled'"

int port_schedule_close(struct protocol *protocol, unsigned int timeout_ms, struct diag *diag)
{
	json_t *answer, *exception;
	int err = protocol_call(protocol, "Runtime.evaluate",
				json_pack("{s:s, s:b, s:b}", "expression", CLOSE_EXPRESSION,
					  "includeCommandLineAPI", 1, "silent", 1),
				timeout_ms, &answer, diag);

	if (err)
		return err;
	exception = json_object_get(answer, "exceptionDetails");
	if (exception) {
		const char *text = json_string_value(
			json_object_get(json_object_get(exception, "exception"), "description"));

		err = diag_fail(diag, -EOPNOTSUPP, "%.200s", text ?: "the program threw something");
	}
	json_decref(answer);
	return err;
}

int port_wait_closed(const struct port *port, unsigned int timeout_ms)
{
	uint64_t end = clock_now_ns() + timeout_ms * 1000000ULL;

	do {
		struct listener *listeners;
		size_t nr;
		bool open;
		int err = listeners_read(port->pid, &listeners, &nr);

		if (err)
			return err == -ESRCH ? 0 : err;
		open = is_known(&port->listener, listeners, nr);
		free(listeners);
		if (!open)
			return 0;
		sleep_ms(STEP_MS);
	} while (clock_now_ns() < end);
	return -ETIMEDOUT;
}
