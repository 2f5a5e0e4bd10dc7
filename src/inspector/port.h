/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inspector of a node process: where it listens, opening it by SIGUSR1, closing it again.
 */
#ifndef HEAPTAP_INSPECTOR_PORT_H
#define HEAPTAP_INSPECTOR_PORT_H

#include <stdint.h>
#include <sys/types.h>

#include "inspector/listeners.h"
#include "inspector/protocol.h"
#include "util/diag.h"

struct port {
	pid_t pid;
	struct listener listener;
	char address[LISTENER_TEXT];
	char browser[64]; /* what it calls itself: "node.js/v22.23.3" */
	char path[80];	  /* of the WebSocket */
};

/* The port that is open. -ENOENT when none is, or nobody answers. Asks every TCP port the process
 * listens at for /json/version, since any of them may be it. */
int port_find(pid_t pid, struct port *ret, struct diag *diag);

/*
 * Sends SIGUSR1 to @pidfd and waits for the port. The caller has made sure of the handler.
 * -ETIMEDOUT when no port opens, and @diag why that may be.
 */
int port_open(pid_t pid, int pidfd, struct port *ret, struct diag *diag);

/* A session at @port. */
int port_connect(const struct port *port, struct protocol **ret, struct diag *diag);

/* Has the process close its port as soon as the session is over, which is to be ended at once.
 * After -ETIMEDOUT it does so when it comes to it. */
int port_schedule_close(struct protocol *protocol, unsigned int timeout_ms, struct diag *diag);

/* Waits for the port to be gone. -ETIMEDOUT when it stays. */
int port_wait_closed(const struct port *port, unsigned int timeout_ms);

#define PORT_CLOSE_TIMEOUT_MS 5000

#endif
