// SPDX-License-Identifier: Apache-2.0
/* Top from beginning to end: in a terminal until the user has seen enough, or as plain text. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/stop.h"
#include "cmd/top.h"
#include "cmd/top_live.h"
#include "cmd/top_screen.h"
#include "cmd/top_text.h"
#include "util/clock.h"

#define KEYS_NS 50000000ULL /* keys are looked for so often */

/* Our standard descriptors while a command gets /dev/null for its own: nothing but we may write on
 * the screen. */
struct hidden {
	int fds[3]; /* -1: not hidden */
};

static void hide(struct hidden *hidden)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3; fd++) {
		hidden->fds[fd] = null < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
		if (hidden->fds[fd] >= 0)
			dup2(null, fd);
	}
	if (null >= 0)
		close(null);
}

static void show(const struct hidden *hidden)
{
	for (int fd = 0; fd < 3; fd++) {
		if (hidden->fds[fd] < 0)
			continue;
		dup2(hidden->fds[fd], fd);
		close(hidden->fds[fd]);
	}
}

static int start(struct top_live *live, struct top_options *options, const sigset_t *sleeping,
		 struct diag *diag)
{
	bool hiding = options->record.command && !options->batch;
	struct hidden hidden;
	int err;

	if (hiding)
		hide(&hidden);
	err = top_live_start(live, options, sleeping, diag);
	if (hiding)
		show(&hidden);
	return err;
}

/* Whether the time that the user gave is over. */
static bool is_over(const struct top_live *live, uint64_t now)
{
	uint64_t duration = live->options->record.duration_ns;

	return duration && now - live->begin_ns >= duration;
}

/* Stops early with a reader of a pipe that has gone; main() says what became of that. */
static int put_batch(struct top_live *live, const sigset_t *sleeping)
{
	const struct top_options *options = live->options;
	uint64_t due = live->begin_ns;
	int err = 0;

	for (unsigned int i = 0; i < options->batch && !stop_signal() && !live->facts.ended; i++) {
		due += options->interval_ns;
		err = top_live_wait(live, due, sleeping);
		err = err < 0 ? err : top_live_refresh(live);
		if (err)
			return err;
		if (i)
			putchar('\n');
		top_text_put(stdout, &live->rows, &live->facts, options->top);
		if (fflush(stdout) || (!options->once && is_over(live, clock_now_ns())))
			break;
	}
	return 0;
}

/* For a key, an event of the session, a signal or the next refresh. */
static int wait_for_keys(struct top_live *live, uint64_t next_ns, const sigset_t *sleeping)
{
	struct timespec pause = {0, KEYS_NS};
	struct pollfd keys = {STDIN_FILENO, POLLIN, 0};
	uint64_t until = clock_now_ns() + KEYS_NS;

	if (live->facts.ended) {
		ppoll(&keys, 1, &pause, sleeping);
		return 0;
	}
	return top_live_wait(live, next_ns < until ? next_ns : until, sleeping);
}

/* A window that was closed; its signal may have gone to others. Reading would find nothing, at once
 * and for ever. */
static bool terminal_is_gone(void)
{
	struct pollfd keys = {STDIN_FILENO, POLLIN, 0};

	return poll(&keys, 1, 0) > 0 && keys.revents & (POLLHUP | POLLERR | POLLNVAL);
}

static int show_until_quit(struct top_live *live, struct top_screen *screen,
			   const sigset_t *sleeping)
{
	uint64_t next = live->begin_ns + live->options->interval_ns, now;
	int err = top_live_refresh(live);

	err = err ?: top_screen_draw(screen, &live->rows, &live->facts);
	while (!err && !stop_signal() && !terminal_is_gone()) {
		bool had_ended = live->facts.ended;
		int keys;

		err = wait_for_keys(live, next, sleeping);
		if (err < 0)
			break;
		now = clock_now_ns();
		keys = top_screen_keys(screen, &live->rows);
		if (keys == 1 || is_over(live, now))
			return 0;
		err = keys == -EAGAIN ? 0 : keys;
		if (!err && !top_screen_is_paused(screen) && !had_ended &&
		    (now >= next || live->facts.ended)) {
			err = top_live_refresh(live);
			keys = 0;
		}
		if (now >= next)
			next = now + live->options->interval_ns;
		if (!err && (!keys || live->facts.ended != had_ended))
			err = top_screen_draw(screen, &live->rows, &live->facts);
	}
	return err;
}

static int show_live(struct top_live *live, const sigset_t *sleeping)
{
	struct top_screen *screen;
	int err = top_screen_open(&screen, stdin, stdout, option_wants_color());

	if (err == -ENOTTY) {
		cmd_message("this terminal cannot be drawn on, TERM is not known: add --once or "
			    "--batch N");
		return err;
	}
	err = err ?: show_until_quit(live, screen, sleeping);
	top_screen_close(screen);
	return err;
}

int top_run(struct top_options *options)
{
	struct diag diag = {0};
	struct top_live live;
	sigset_t sleeping;
	int err, status;

	stop_prepare(&sleeping);
	err = start(&live, options, &sleeping, &diag);
	if (err) {
		top_live_done(&live);
		return attaching_fail(err, &diag);
	}
	err = options->batch ? put_batch(&live, &sleeping) : show_live(&live, &sleeping);
	if (err && err != -ENOTTY)
		cmd_fail(err, NULL, "cannot go on watching");
	status = err ? EXIT_FAILED : EXIT_DONE;
	attaching_leave(&live.attaching, &options->record);
	top_live_done(&live);
	return status;
}
