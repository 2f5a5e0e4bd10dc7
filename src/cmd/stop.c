// SPDX-License-Identifier: Apache-2.0
/* The handler only notes the signal. */
#include "cmd/stop.h"

#include <stddef.h>

static volatile sig_atomic_t last_signal;

static void on_signal(int number)
{
	last_signal = number;
}

int stop_signal(void)
{
	return last_signal;
}

void stop_prepare(sigset_t *sleeping)
{
	static const int ending[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t blocked;

	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		struct sigaction old;

		/* What nohup ignores stays ignored. */
		if (!sigaction(ending[i], NULL, &old) && old.sa_handler == SIG_IGN)
			continue;
		sigaction(ending[i], &action, NULL);
		sigaddset(&blocked, ending[i]);
	}
	sigprocmask(SIG_BLOCK, &blocked, sleeping);
	signal(SIGPIPE, SIG_IGN);
}
