// SPDX-License-Identifier: Apache-2.0
/* setns(2) moves one thread, so heaptap itself never leaves its namespace. */
#include "inspector/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc/procfs.h"

struct call {
	int namespace;
	int (*function)(void *arg);
	void *arg;
	int result;
};

static void *enter_and_call(void *arg)
{
	struct call *call = arg;

	if (setns(call->namespace, CLONE_NEWNET))
		call->result = -errno;
	else
		call->result = call->function(call->arg);
	return NULL;
}

static bool is_own(int namespace)
{
	struct stat own, other;

	return !stat("/proc/self/ns/net", &own) && !fstat(namespace, &other) &&
	       own.st_dev == other.st_dev && own.st_ino == other.st_ino;
}

/* Signals are for the thread that waits for them. */
static int call_on_thread(struct call *call)
{
	sigset_t all, old;
	pthread_t thread;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = -pthread_create(&thread, NULL, enter_and_call, call);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err)
		return err;
	pthread_join(thread, NULL);
	return call->result;
}

int netns_call(pid_t pid, int (*function)(void *arg), void *arg)
{
	struct call call = {.function = function, .arg = arg};
	int dir = procfs_open(pid), err;

	if (dir < 0)
		return dir;
	call.namespace = procfs_openat(dir, "ns/net", O_RDONLY);
	close(dir);
	if (call.namespace < 0)
		return call.namespace;
	err = is_own(call.namespace) ? function(arg) : call_on_thread(&call);
	close(call.namespace);
	return err;
}
