/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session of V8's inspector protocol: requests by name, answered one at a time, and the few
 * events that matter here. What the requests mean is in sampling.c and open.c.
 */
#ifndef HEAPTAP_INSPECTOR_PROTOCOL_H
#define HEAPTAP_INSPECTOR_PROTOCOL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "inspector/client.h"
#include "util/diag.h"

struct protocol;

/* -errno of client_open(). protocol_close(NULL) is allowed: it ends the session, and V8 switches
 * off what the session had switched on. */
int protocol_open(const struct client_address *address, const char *path, unsigned int timeout_ms,
		  struct protocol **ret);
void protocol_close(struct protocol *protocol);

/*
 * Sends @method and waits for its answer. @params is taken over, NULL: none. *ret_result (may be
 * NULL) is the caller's to json_decref(). 0; -ETIMEDOUT: no answer in @timeout_ms, or in 3 s of a
 * process that is stopped; -ENOTCONN: the other side closed; -EOPNOTSUPP: refused, @diag has the
 * other side's words; -EPROTO: no sense.
 */
int protocol_call(struct protocol *protocol, const char *method, json_t *params,
		  unsigned int timeout_ms, json_t **ret_result, struct diag *diag);

/* Takes the events that have arrived. 0, or -ENOTCONN and the like when the session is over. */
int protocol_service(struct protocol *protocol);

/* The process is ending and waits for its debuggers to leave; NodeRuntime tells that. */
bool protocol_is_waited_for(const struct protocol *protocol);

/* To sleep on; -1 when closed. */
int protocol_fd(const struct protocol *protocol);

/* Half of a surrogate pair, spelled \uD8xx, is no Unicode and would spoil the whole text: it
 * becomes \uFFFD. In place. */
void protocol_repair(char *text, size_t size);

#endif
