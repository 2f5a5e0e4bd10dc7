/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the commands share: their entry points, the exit statuses, and the only functions that print
 * messages. Results go to stdout, messages to stderr, each "heaptap: TEXT".
 */
#ifndef HEAPTAP_CMD_CMD_H
#define HEAPTAP_CMD_CMD_H

#include "util/diag.h"

/* X(name, status, what it means): one table for all commands, and their help. */
#define CMD_EXITS(X)                                                                               \
	X(DONE, 0, "done")                                                                         \
	X(FAILED, 1, "failed")                                                                     \
	X(USAGE, 2, "usage error")                                                                 \
	X(NO_TARGET, 3, "no such target, or it is not one that can be profiled")                   \
	X(NOT_PERMITTED, 4, "not permitted")                                                       \
	X(LOST, 5, "done, but data were lost or the run ended early (only with --strict)")         \
	X(LEAK, 10, "trend found a leak")

enum cmd_exit {
#define X(name, status, text) EXIT_##name = status,
	CMD_EXITS(X)
#undef X
};

/*
 * A command gets its own argv ("heaptap NAME", then its arguments) and returns an exit status.
 * --help, --version and usage errors end the process inside the argument parser, which is why a
 * command parses before it acquires anything.
 */
int cmd_record(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_gc(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_store(int argc, char **argv);
int cmd_trend(int argc, char **argv);
int cmd_push(int argc, char **argv);

/* Their options, which completion is written from. */
struct argp;
extern const struct argp record_argp, report_argp, diff_argp, top_argp, gc_argp, store_argp,
	trend_argp, push_argp, check_argp;

/* Control characters but newline are printed as '?', since messages carry foreign names. */
void cmd_message(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void cmd_warning(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * The end of a command that failed: prints "WHAT: why", where why is the text of @diag or, when
 * that is NULL or empty, of -@err. Returns the exit status for @err.
 */
int cmd_fail(int err, const struct diag *diag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * -ESRCH, -ENOEXEC and -ENOTSUP: no target to profile; -EPERM and -EACCES: not permitted; any other
 * -errno: failed. For errors about the target only: a file that cannot be opened is EXIT_FAILED.
 */
enum cmd_exit cmd_exit_status(int err);

#endif
