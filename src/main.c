// SPDX-License-Identifier: Apache-2.0
/*
 * The table of commands: picks one and hands it its arguments. What all commands rely on is set
 * here: three open standard descriptors, usage errors that exit with 2, and a failed write to
 * stdout that never passes for success.
 */
#include <argp.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/completion.h"

static int run_completion(int argc, char **argv);

static const struct command {
	const char *name, *help;
	int (*run)(int argc, char **argv);
	char *title;		 /* argv[0] of the command, as its --help and messages show it */
	const struct argp *argp; /* its options, for completion */
} commands[] = {
	{"record", "attach to a process, profile it, write one profile", cmd_record,
	 "heaptap record", &record_argp},
	{"report", "show a recorded profile: table, folded, pprof, json, heapprofile", cmd_report,
	 "heaptap report", &report_argp},
	{"diff", "two profiles: what grew, what shrank", cmd_diff, "heaptap diff", &diff_argp},
	{"top", "which call sites hold memory now, live in a terminal or as text", cmd_top,
	 "heaptap top", &top_argp},
	{"gc", "garbage collections of a running Node process, live", cmd_gc, "heaptap gc",
	 &gc_argp},
	{"trend", "a directory of profiles: which stacks leak, how fast, how sure", cmd_trend,
	 "heaptap trend", &trend_argp},
	{"store", "list and clear up the profiles that record --store left", cmd_store,
	 "heaptap store", &store_argp},
	{"push", "send recorded profiles to Pyroscope, Parca or an OTLP collector", cmd_push,
	 "heaptap push", &push_argp},
	{"check", "what this machine, this user and a target allow", cmd_check, "heaptap check",
	 &check_argp},
	{"completion", "completion for bash, zsh or fish: source <(heaptap completion bash)",
	 run_completion, "heaptap completion", NULL},
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int run_completion(int argc, char **argv)
{
	struct completion_command list[NR_COMMANDS];

	for (size_t i = 0; i < NR_COMMANDS; i++)
		list[i] = (struct completion_command){commands[i].name, commands[i].help,
						      commands[i].argp};
	if (argc == 2 && !completion_put(stdout, argv[1], list, NR_COMMANDS))
		return EXIT_DONE;
	cmd_message("completion is for one of the shells bash, zsh and fish");
	return EXIT_USAGE;
}

static void print_version(FILE *out, struct argp_state *state)
{
	(void)state;
	fputs("heaptap " HEAPTAP_VERSION "\n", out);
}

static void print_help(FILE *out)
{
	fputs("Usage: heaptap COMMAND [OPTION...]\n"
	      "Find out who holds the memory of a running process, without restarting it.\n"
	      "\n"
	      "Commands:\n",
	      out);
	for (size_t i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
	fputs("\n"
	      "  -?, --help     this text; heaptap COMMAND --help tells about a command\n"
	      "  -V, --version  the version\n"
	      "\n"
	      "Examples:\n"
	      "  heaptap record -p 1234 -d 30s -o app.pb.gz\n"
	      "  heaptap report app.pb.gz\n"
	      "  heaptap diff before.pb.gz after.pb.gz\n"
	      "  heaptap gc -p 1234\n",
	      out);
}

/* So that a file opened later never becomes descriptor 0, 1 or 2. Writing to the stand-in for a
 * closed stdout fails, as it should: it is open for reading only. */
static void open_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

/* At exit, wherever that is: --help into a full disk has not succeeded. */
static void close_stdout(void)
{
	if (!ferror(stdout) && !fflush(stdout))
		return;
	cmd_message("cannot write standard output: the disk is full, or it is closed");
	_exit(EXIT_FAILED);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static bool is_one_of(const char *text, const char *a, const char *b, const char *c)
{
	return !strcmp(text, a) || !strcmp(text, b) || !strcmp(text, c);
}

int main(int argc, char **argv)
{
	const struct command *command;

	open_standard_fds();
	atexit(close_stdout);
	argp_err_exit_status = EXIT_USAGE;
	argp_program_version_hook = print_version;
	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (is_one_of(argv[1], "--help", "-?", "help")) {
		print_help(stdout);
		return EXIT_DONE;
	}
	if (is_one_of(argv[1], "--version", "-V", "version")) {
		print_version(stdout, NULL);
		return EXIT_DONE;
	}
	command = find_command(argv[1]);
	if (!command) {
		cmd_message("there is no command '%s'; `heaptap --help` lists them", argv[1]);
		return EXIT_USAGE;
	}
	argv[1] = command->title;
	return command->run(argc - 1, argv + 1);
}
