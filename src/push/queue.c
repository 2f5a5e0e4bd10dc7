// SPDX-License-Identifier: Apache-2.0
#include "push/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ULL

struct item {
	struct item *next;
	int fd;
	struct push_result result;
};

struct list {
	struct item *first, **last;
};

struct push_queue {
	const struct push *push;
	pthread_t thread;
	bool running;
	int cancel_fd; /* readable: everything is given up */
	int idle_fd;   /* readable: the thread has ended */
	pthread_mutex_t lock;
	pthread_cond_t more;
	/* under the lock */
	struct list waiting, done;
	unsigned int nr_waiting;
	bool ending;
};

static void list_add(struct list *list, struct item *item)
{
	item->next = NULL;
	*list->last = item;
	list->last = &item->next;
}

static struct item *list_take(struct list *list)
{
	struct item *item = list->first;

	if (item)
		list->first = item->next;
	if (!list->first)
		list->last = &list->first;
	return item;
}

/* The next one to send, NULL when there will be none. */
static struct item *next_item(struct push_queue *queue)
{
	struct item *item;

	pthread_mutex_lock(&queue->lock);
	while (!queue->waiting.first && !queue->ending)
		pthread_cond_wait(&queue->more, &queue->lock);
	item = list_take(&queue->waiting);
	queue->nr_waiting -= !!item;
	pthread_mutex_unlock(&queue->lock);
	return item;
}

static void *run(void *arg)
{
	struct push_queue *queue = arg;
	struct item *item;

	while ((item = next_item(queue))) {
		item->result.err =
			push_send(queue->push, item->fd, queue->cancel_fd, &item->result.diag);
		close(item->fd);
		item->fd = -1;
		pthread_mutex_lock(&queue->lock);
		list_add(&queue->done, item);
		pthread_mutex_unlock(&queue->lock);
	}
	eventfd_write(queue->idle_fd, 1);
	return NULL;
}

static int start(struct push_queue *queue)
{
	sigset_t all, old;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = -pthread_create(&queue->thread, NULL, run, queue);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	queue->running = !err;
	return err;
}

int push_queue_new(const struct push *push, struct push_queue **ret)
{
	struct push_queue *queue = calloc(1, sizeof(*queue));
	int err;

	if (!queue)
		return -ENOMEM;
	queue->push = push;
	queue->waiting.last = &queue->waiting.first;
	queue->done.last = &queue->done.first;
	pthread_mutex_init(&queue->lock, NULL);
	pthread_cond_init(&queue->more, NULL);
	queue->cancel_fd = eventfd(0, EFD_CLOEXEC);
	queue->idle_fd = eventfd(0, EFD_CLOEXEC);
	err = queue->cancel_fd < 0 || queue->idle_fd < 0 ? -errno : start(queue);
	if (err)
		push_queue_free(queue);
	else
		*ret = queue;
	return err;
}

int push_queue_add(struct push_queue *queue, const char *path)
{
	struct item *item = calloc(1, sizeof(*item));
	int err = 0;

	if (!item)
		return -ENOMEM;
	item->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (item->fd < 0)
		err = -errno;
	item->result.path = strdup(path);
	if (!err && !item->result.path)
		err = -ENOMEM;
	pthread_mutex_lock(&queue->lock);
	if (!err && queue->nr_waiting >= PUSH_QUEUE_MAX)
		err = -ENOBUFS;
	if (!err) {
		list_add(&queue->waiting, item);
		queue->nr_waiting++;
		pthread_cond_signal(&queue->more);
	}
	pthread_mutex_unlock(&queue->lock);
	if (err) {
		if (item->fd >= 0)
			close(item->fd);
		free(item->result.path);
		free(item);
	}
	return err;
}

bool push_queue_next(struct push_queue *queue, struct push_result *ret)
{
	struct item *item;

	pthread_mutex_lock(&queue->lock);
	item = list_take(&queue->done);
	pthread_mutex_unlock(&queue->lock);
	if (!item)
		return false;
	*ret = item->result;
	free(item);
	return true;
}

/* What waits becomes a result that was not sent. */
static void give_up(struct push_queue *queue)
{
	struct item *item;

	eventfd_write(queue->cancel_fd, 1);
	pthread_mutex_lock(&queue->lock);
	while ((item = list_take(&queue->waiting))) {
		queue->nr_waiting--;
		close(item->fd);
		item->result.err = diag_fail(&item->result.diag, -ECANCELED,
					     "there was no time left to send it");
		list_add(&queue->done, item);
	}
	pthread_mutex_unlock(&queue->lock);
}

void push_queue_finish(struct push_queue *queue, uint64_t timeout_ns, const sigset_t *sleeping)
{
	struct pollfd idle = {.fd = queue->idle_fd, .events = POLLIN};
	struct timespec time = {.tv_sec = timeout_ns / NS_PER_S, .tv_nsec = timeout_ns % NS_PER_S};

	pthread_mutex_lock(&queue->lock);
	queue->ending = true;
	pthread_cond_signal(&queue->more);
	pthread_mutex_unlock(&queue->lock);
	if (ppoll(&idle, 1, &time, sleeping) <= 0)
		give_up(queue);
	pthread_join(queue->thread, NULL);
	queue->running = false;
}

void push_queue_free(struct push_queue *queue)
{
	struct push_result result;

	if (!queue)
		return;
	if (queue->running)
		push_queue_finish(queue, 0, NULL);
	while (push_queue_next(queue, &result))
		free(result.path);
	if (queue->cancel_fd >= 0)
		close(queue->cancel_fd);
	if (queue->idle_fd >= 0)
		close(queue->idle_fd);
	pthread_cond_destroy(&queue->more);
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}
