// SPDX-License-Identifier: Apache-2.0
/*
 * The service of `make demo`: it answers made-up requests and grows. Three things hold memory: a
 * session cache that never evicts (the leak), a log that keeps its last lines (bounded), and the
 * buffers of the request at hand (freed). A profile must point at session_create and no other.
 *
 *   --rate=N     requests per second (200)       --seconds=N  end after N seconds (never)
 */
#include "target.h"

#include <time.h>

enum { LOG_LINES = 256, SESSION_DATA = 1500, NR_BUCKETS = 1024 };

struct session {
	struct session *next;
	uint64_t id;
	char *user;
	char *data;
};

struct service {
	struct session *buckets[NR_BUCKETS];
	char *log[LOG_LINES];
	uint64_t nr_requests, random;
};

static uint64_t next_random(struct service *service)
{
	service->random = service->random * 6364136223846793005u + 1442695040888963407u;
	return service->random >> 33;
}

static void *must(void *p)
{
	target_expect(p != NULL, "out of memory");
	return p;
}

SITE char *user_name_copy(uint64_t id)
{
	char *name = must(malloc(32));

	snprintf(name, 32, "user-%lu", id);
	return name;
}

SITE struct session *session_create(uint64_t id)
{
	struct session *session = must(calloc(1, sizeof(*session)));

	session->id = id;
	session->user = user_name_copy(id);
	session->data = must(malloc(SESSION_DATA));
	memset(session->data, 0, SESSION_DATA);
	return session;
}

/* Most requests come from users not seen before; nobody ever leaves the cache. */
SITE struct session *session_lookup(struct service *service, uint64_t id)
{
	struct session **bucket = &service->buckets[id % NR_BUCKETS];
	struct session *session;

	for (session = *bucket; session; session = session->next)
		if (session->id == id)
			return session;
	session = session_create(id);
	session->next = *bucket;
	*bucket = session;
	return session;
}

SITE void log_append(struct service *service, const struct session *session)
{
	char **slot = &service->log[service->nr_requests % LOG_LINES];

	free(*slot);
	*slot = must(malloc(160));
	snprintf(*slot, 160, "request %lu by %s", service->nr_requests, session->user);
}

SITE char *request_parse(struct service *service)
{
	size_t size = 512 + next_random(service) % 4096;
	char *buffer = must(malloc(size));

	memset(buffer, 'r', size);
	return buffer;
}

SITE char *response_render(const struct session *session, const char *request)
{
	char *body = must(malloc(8192));

	snprintf(body, 8192, "hello %s (%c)", session->user, request[0]);
	return body;
}

SITE void handle_request(struct service *service)
{
	char *request = request_parse(service);
	struct session *session = session_lookup(service, next_random(service) % (1u << 20));
	char *response = response_render(session, request);

	log_append(service, session);
	free(response);
	free(request);
	service->nr_requests++;
}

int main(int argc, char **argv)
{
	static struct service service;
	long rate = target_number(argc, argv, "--rate", 200);
	long seconds = target_number(argc, argv, "--seconds", 0);
	struct timespec pause;

	target_expect(rate > 0 && rate <= 1000000 && seconds >= 0, "--rate=1..1000000");
	pause.tv_sec = rate == 1;
	pause.tv_nsec = rate == 1 ? 0 : 1000000000 / rate;
	for (long n = 0; !seconds || n < seconds * rate; n++) {
		handle_request(&service);
		nanosleep(&pause, NULL);
	}
	return 0;
}
