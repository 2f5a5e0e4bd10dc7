/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options that several commands have, as tables for argp, and the parsers of their values. A value
 * that is wrong ends the process with exit status 2 and a message that names option and value.
 */
#ifndef HEAPTAP_CMD_OPTIONS_H
#define HEAPTAP_CMD_OPTIONS_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#include "cmd/cmd.h"
#include "collect/caps.h"
#include "export/export.h"

/* Keys of options without a short name, apart from every character and from each other. */
enum option_key {
	OPTION_TOP = 0x100,
	OPTION_STACKS,
	OPTION_BY,
	OPTION_FOCUS, /* cmd/filter_options.c */
	OPTION_IGNORE,
	OPTION_INVERT,
	OPTION_LINES,
	OPTION_MIN_SHARE,
	OPTION_FIRST_TARGET,			     /* cmd/target_options.c */
	OPTION_FIRST_KEEP = OPTION_FIRST_TARGET + 8, /* cmd/keep_options.c */
	OPTION_FIRST_PUSH = OPTION_FIRST_KEEP + 2,   /* cmd/push_options.c */
	OPTION_FIRST_FREE =
		OPTION_FIRST_PUSH + 5, /* a command's own long options count from here */
};

/*
 * -o -f -m --top --stacks: where a profile goes and how it looks. A command lists it as a child,
 * {&output_argp, 0, "Output:", 1}, zeroes a struct output_options and hands it down as
 * state->child_inputs[] in ARGP_KEY_INIT.
 */
extern const struct argp output_argp;

struct output_options {
	const char *path;		    /* NULL: not given; "-" is stdout */
	const struct export_format *format; /* NULL: not given */
	enum metric metric;
	bool has_metric;	 /* -m was given; otherwise metric is inuse_space */
	const char *metric_text; /* as it was given; when foreign none that is known */
	bool foreign_metric;
	/* The command reads files of other tools, and leaves out sites for --top in any format. */
	bool selects;
	unsigned int top;
	bool has_top;
	bool stacks;
	enum group_by by;
	bool durable; /* on the disk before it has its name; no option of its own */
	/* by cmd/filter_options.c; see struct export_options */
	bool lines, inverted, cut;
	bool is_part;
	int64_t whole[NR_METRICS]; /* when is_part */
};

#define OUTPUT_DEFAULT_TOP 20

/*
 * Checks what only all options together tell (call at ARGP_KEY_END): settles the format, by -f,
 * else by the name of -o, else @fallback; the options of the table need that format; a binary
 * format needs a file. @verbose and the terminal on stdout, when that is where it goes, complete
 * the options of the writer.
 */
void output_settle(struct output_options *output, const struct argp_state *state,
		   const struct export_format *fallback);
struct export_options output_export_options(const struct output_options *output, bool verbose);

/* @option as the user types it, "--rate". */
uint64_t option_bytes(const struct argp_state *state, const char *option, const char *text);
uint64_t option_time_ns(const struct argp_state *state, const char *option, const char *text);
/* The same, of something that comes again: at least 100 ms. */
uint64_t option_interval_ns(const struct argp_state *state, const char *option, const char *text);
double option_share(const struct argp_state *state, const char *option, const char *text);
uint64_t option_number(const struct argp_state *state, const char *option, const char *text,
		       uint64_t min, uint64_t max);
/* Of --metric. */
enum metric option_metric(const struct argp_state *state, const char *text);
/* --no-feature @names: @caps goes without them. */
void option_no_feature(const struct argp_state *state, struct caps *caps, const char *names);

/* Of a terminal: it has colors, and NO_COLOR (no-color.org: any value but the empty one) is not
 * set.
 */
bool option_wants_color(void);

/* The closing section of a command's --help, a string literal. */
#define OPTION_EXIT_LINE(name, status, text) "  " #status "  " text "\n"
#define OPTION_EXIT_HELP		     "Exit status:\n" CMD_EXITS(OPTION_EXIT_LINE)

#endif
