// SPDX-License-Identifier: Apache-2.0
/*
 * What an option takes is told by the name of its argument in the table: FILE, PID, the name of
 * something that has a table of its own, or the words themselves ("text|json", "BYTES|auto").
 */
#include "cmd/completion.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/top_lines.h"
#include "collect/v8_source.h"
#include "export/export.h"
#include "export/group.h"

/* What argp adds to every table. */
static const struct argp_option standard_options[] = {
	{"help", '?', NULL, 0, "Give this help list", 0},
	{"usage", 0x1000, NULL, 0, "Give a short usage message", 0},
	{"version", 'V', NULL, 0, "Print program version", 0},
	{0},
};

enum kind { TAKES_NOTHING, TAKES_WORDS, TAKES_FILE, TAKES_PID, TAKES_ANYTHING };

/* An option as a shell sees it. */
struct option_view {
	char short_name;  /* or '\0' */
	const char *name; /* or NULL */
	const char *arg;  /* its argument as --help has it, or NULL */
	const char *help;
	enum kind kind;
	char words[256]; /* that the argument can be, with a blank before each */
};

struct shell {
	const char *name;
	void (*begin)(FILE *out, const struct completion_command *commands, size_t nr);
	void (*begin_command)(FILE *out, const struct completion_command *command);
	void (*option)(FILE *out, const char *command, const struct option_view *option);
	void (*end_command)(FILE *out, const struct completion_command *command);
	void (*end)(FILE *out);
};

static void add_word(struct option_view *view, const char *word, size_t length)
{
	size_t used = strlen(view->words);

	snprintf(view->words + used, sizeof(view->words) - used, " %.*s", (int)length, word);
}

static void add_name(struct option_view *view, const char *name)
{
	add_word(view, name, strlen(name));
}

/* "text|json" are two words, "BYTES|auto" is one and a number. */
static void add_alternatives(struct option_view *view, const char *arg)
{
	while (*arg) {
		size_t length = strcspn(arg, "|");

		if (islower((unsigned char)*arg))
			add_word(view, arg, length);
		arg += length + (arg[length] == '|');
	}
}

static void find_words(struct option_view *view)
{
	const char *name;
	unsigned int column = 0;

	if (!strcmp(view->arg, "FORMAT"))
		for (const struct export_format *f = export_formats; f->name; f++)
			add_name(view, f->name);
	else if (!strcmp(view->arg, "METRIC"))
		for (int i = NR_METRICS - 1; i >= 0; i--)
			add_name(view, metric_name(i));
	else if (!strcmp(view->arg, "SOURCE"))
		for (int i = SOURCE_MALLOC; i < NR_SOURCES; i++)
			add_name(view, source_name(i));
	else if (!strcmp(view->arg, "WHAT"))
		for (int i = BY_NOTHING + 1; i < NR_GROUP_BY; i++)
			add_name(view, group_by_name(i));
	else if (!strcmp(view->arg, "COLUMN"))
		while ((name = top_lines_column(column++)))
			add_name(view, name);
	else
		add_alternatives(view, view->arg);
}

static enum kind kind_of(struct option_view *view)
{
	static const char *const files[] = {"FILE", "PATH", "DIR"};

	if (!view->arg)
		return TAKES_NOTHING;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (!strncmp(view->arg, files[i], strlen(files[i])))
			return TAKES_FILE;
	if (!strncmp(view->arg, "PID", 3))
		return TAKES_PID;
	find_words(view);
	return *view->words ? TAKES_WORDS : TAKES_ANYTHING;
}

static void put_table(FILE *out, const struct shell *shell, const char *command,
		      const struct argp_option *options)
{
	for (; options && (options->name || options->key || options->doc); options++) {
		struct option_view view = {
			.name = options->name, .arg = options->arg, .help = options->doc ?: ""};

		if ((!options->name && !options->key) ||
		    options->flags & (OPTION_HIDDEN | OPTION_DOC))
			continue;
		if (options->key > ' ' && options->key < 0x7f)
			view.short_name = options->key;
		view.kind = kind_of(&view);
		shell->option(out, command, &view);
	}
}

static void put_argp(FILE *out, const struct shell *shell, const char *command,
		     const struct argp *argp)
{
	put_table(out, shell, command, argp->options);
	for (const struct argp_child *child = argp->children; child && child->argp; child++)
		put_argp(out, shell, command, child->argp);
}

/* What follows the options of the command, as its usage has it. */
static bool takes(const struct completion_command *command, const char *operand)
{
	return command->argp && command->argp->args_doc && strstr(command->argp->args_doc, operand);
}

/* The first clause of @help, without what a quoted string of the shell or its format would take for
 * something else. */
static void put_short(FILE *out, const char *help)
{
	size_t length = strcspn(help, ".:;(");

	while (length && help[length - 1] == ' ')
		length--;
	for (size_t i = 0; i < length; i++)
		if (!strchr("'[]\\\"`$", help[i]))
			putc(help[i], out);
}

/* --- bash: a case for each command, in it one for each option that takes something --------------
 */

static void bash_begin(FILE *out, const struct completion_command *commands, size_t nr)
{
	fputs("# heaptap completion bash\n"
	      "_heaptap() {\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} i\n"
	      "\tlocal words= files=\n"
	      "\t[ \"$cur\" != = ] || cur=\n"
	      "\t[ \"$prev\" != = ] || prev=${COMP_WORDS[COMP_CWORD - 2]}\n"
	      "\tfor ((i = 2; i < COMP_CWORD; i++)); do\n"
	      "\t\t[ \"${COMP_WORDS[i]}\" = -- ] || continue\n"
	      "\t\tif ((i == COMP_CWORD - 1)); then\n"
	      "\t\t\tmapfile -t COMPREPLY < <(compgen -c -- \"$cur\")\n"
	      "\t\telse\n"
	      "\t\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	      "\t\tfi\n"
	      "\t\treturn\n"
	      "\tdone\n"
	      "\tif ((COMP_CWORD == 1)); then\n"
	      "\t\twords='",
	      out);
	for (size_t i = 0; i < nr; i++)
		fprintf(out, "%s ", commands[i].name);
	fputs("--help --version'\n"
	      "\telse\n"
	      "\t\tfor ((i = 0; i < 1; i++)); do case ${COMP_WORDS[1]} in\n",
	      out);
}

static void bash_begin_command(FILE *out, const struct completion_command *command)
{
	fprintf(out, "\t\t%s)\n%s", command->name, takes(command, "FILE") ? "\t\t\tfiles=1\n" : "");
}

static void bash_option(FILE *out, const char *command, const struct option_view *option)
{
	const char *const actions[] = {
		[TAKES_WORDS] = "words=",
		[TAKES_FILE] = "files=1 words=",
		[TAKES_PID] = "files= words=$(cd /proc && echo [0-9]*)",
		[TAKES_ANYTHING] = "files= words=",
	};
	char name = option->short_name;

	(void)command;
	fputs("\t\t\twords+='", out);
	if (name)
		fprintf(out, " -%c", name);
	if (option->name)
		fprintf(out, " --%s", option->name);
	fputs("'\n", out);
	if (option->kind == TAKES_NOTHING)
		return;
	fputs("\t\t\t[[ $prev != ", out);
	if (name && option->name)
		fprintf(out, "-%c && $prev != --%s", name, option->name);
	else if (name)
		fprintf(out, "-%c", name);
	else
		fprintf(out, "--%s", option->name);
	fprintf(out, " ]] || { %s", actions[option->kind]);
	if (option->kind == TAKES_WORDS)
		fprintf(out, "'%s' files=", option->words);
	fputs("; break; }\n", out);
}

static void bash_end_command(FILE *out, const struct completion_command *command)
{
	(void)command;
	fputs("\t\t\t;;\n", out);
}

static void bash_end(FILE *out)
{
	fputs("\t\tesac; done\n"
	      "\tfi\n"
	      "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
	      "\t[ -z \"$files\" ] || [[ $cur == -* ]] || {\n"
	      "\t\tcompopt -o filenames 2>/dev/null\n"
	      "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	      "\t}\n"
	      "}\n"
	      "complete -F _heaptap heaptap\n",
	      out);
}

/* --- zsh: a call of _arguments for each command ------------------------------------------------
 */

static void zsh_begin(FILE *out, const struct completion_command *commands, size_t nr)
{
	fputs("#compdef heaptap\n"
	      "_heaptap() {\n"
	      "\tlocal -a commands=(\n",
	      out);
	for (size_t i = 0; i < nr; i++) {
		fprintf(out, "\t\t'%s:", commands[i].name);
		put_short(out, commands[i].help);
		fputs("'\n", out);
	}
	fputs("\t)\n"
	      "\tif ((CURRENT == 2)); then\n"
	      "\t\t_describe command commands\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tlocal command=$words[2]\n"
	      "\tshift words\n"
	      "\t((CURRENT--))\n"
	      "\tcase $command in\n",
	      out);
}

static void zsh_begin_command(FILE *out, const struct completion_command *command)
{
	fprintf(out, "\t%s)\n\t\t_arguments -s -S", command->name);
}

static void zsh_option(FILE *out, const char *command, const struct option_view *option)
{
	const char *short_end = option->kind ? "+" : "", *long_end = option->kind ? "=" : "";

	(void)command;
	fputs(" \\\n\t\t\t", out);
	if (option->short_name && option->name)
		fprintf(out, "'(-%c --%s)'{-%c%s,--%s%s}'[", option->short_name, option->name,
			option->short_name, short_end, option->name, long_end);
	else if (option->name)
		fprintf(out, "'--%s%s[", option->name, long_end);
	else
		fprintf(out, "'-%c%s[", option->short_name, short_end);
	put_short(out, option->help);
	putc(']', out);
	if (option->kind)
		fprintf(out, ":%.*s:", (int)strspn(option->arg, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
			option->arg);
	if (option->kind == TAKES_WORDS)
		fprintf(out, "(%s)", option->words + 1);
	else if (option->kind)
		fputs(option->kind == TAKES_FILE  ? "_files"
		      : option->kind == TAKES_PID ? "_pids"
						  : " ",
		      out);
	putc('\'', out);
}

static void zsh_end_command(FILE *out, const struct completion_command *command)
{
	if (takes(command, "COMMAND"))
		fputs(" \\\n\t\t\t'*:::command:_normal'", out);
	else if (takes(command, "FILE"))
		fputs(" \\\n\t\t\t'*:file:_files'", out);
	fputs("\n\t\t;;\n", out);
}

static void zsh_end(FILE *out)
{
	fputs("\tesac\n"
	      "}\n"
	      "if [[ $funcstack[1] == _heaptap ]]; then _heaptap \"$@\"; else compdef _heaptap "
	      "heaptap; fi\n",
	      out);
}

/* --- fish: a line for each option ----------------------------------------------------------------
 */

static void fish_begin(FILE *out, const struct completion_command *commands, size_t nr)
{
	fputs("# heaptap completion fish\ncomplete -c heaptap -f\n", out);
	for (size_t i = 0; i < nr; i++) {
		fprintf(out, "complete -c heaptap -n __fish_use_subcommand -a %s -d '",
			commands[i].name);
		put_short(out, commands[i].help);
		fputs("'\n", out);
	}
}

#define FISH_OF "complete -c heaptap -n '__fish_seen_subcommand_from %s"

static void fish_begin_command(FILE *out, const struct completion_command *command)
{
	if (takes(command, "FILE"))
		fprintf(out, FISH_OF "' -F\n", command->name);
	if (takes(command, "COMMAND"))
		fprintf(out,
			FISH_OF "; and contains -- -- (commandline -opc)' -a "
				"'(__fish_complete_command)'\n",
			command->name);
}

static void fish_option(FILE *out, const char *command, const struct option_view *option)
{
	fprintf(out, FISH_OF "'", command);
	if (option->short_name)
		fprintf(out, " -s '%c'", option->short_name);
	if (option->name)
		fprintf(out, " -l %s", option->name);
	if (option->kind == TAKES_WORDS)
		fprintf(out, " -x -a '%s'", option->words + 1);
	else if (option->kind)
		fputs(option->kind == TAKES_FILE  ? " -r -F"
		      : option->kind == TAKES_PID ? " -x -a '(__fish_complete_pids)'"
						  : " -x",
		      out);
	fputs(" -d '", out);
	put_short(out, option->help);
	fputs("'\n", out);
}

static void fish_end_command(FILE *out, const struct completion_command *command)
{
	(void)out;
	(void)command;
}

static void fish_end(FILE *out)
{
	(void)out;
}

static const struct shell shells[] = {
	{"bash", bash_begin, bash_begin_command, bash_option, bash_end_command, bash_end},
	{"zsh", zsh_begin, zsh_begin_command, zsh_option, zsh_end_command, zsh_end},
	{"fish", fish_begin, fish_begin_command, fish_option, fish_end_command, fish_end},
};

#define NR_SHELLS (sizeof(shells) / sizeof(shells[0]))

int completion_put(FILE *out, const char *name, const struct completion_command *commands,
		   size_t nr)
{
	const struct shell *shell = shells;

	while (shell < shells + NR_SHELLS && strcmp(shell->name, name) != 0)
		shell++;
	if (shell == shells + NR_SHELLS)
		return -EINVAL;
	shell->begin(out, commands, nr);
	for (size_t i = 0; i < nr; i++) {
		if (!commands[i].argp)
			continue;
		shell->begin_command(out, &commands[i]);
		put_argp(out, shell, commands[i].name, commands[i].argp);
		put_table(out, shell, commands[i].name, standard_options);
		shell->end_command(out, &commands[i]);
	}
	shell->end(out);
	return 0;
}
