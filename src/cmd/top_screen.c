// SPDX-License-Identifier: Apache-2.0
/*
 * Everything is drawn anew each time; ncurses sends what has changed. Text goes through one
 * function, which knows how wide a character is and never leaves its line.
 */
#define NCURSES_WIDECHAR 1
#include "cmd/top_screen.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "cmd/top_lines.h"
#include "export/text.h"
#include "util/utf8.h"

#define ESCAPE	     27
#define ESCAPE_MS    25 /* a key's sequence comes that fast */
#define CONTROL(key) ((key)&0x1f)
#define SHARE_COLS   90 /* narrower: names need the room of the share */
#define HEADER_WRAP  3	/* lines of one fact, at most */

enum mode { MODE_ROWS, MODE_STACKS, MODE_HELP, MODE_FILTER };

struct top_screen {
	SCREEN *terminal;
	bool color, utf8, paused;
	enum mode mode;
	char *selected;		/* name of the row under the cursor; NULL: whatever is first */
	uint32_t cursor, first; /* in the order: the cursor, the first row that is drawn */
	int page;		/* rows that fit */
	unsigned int scroll;	/* lines of stacks or help above the screen */
	char typed[128];	/* the filter while it is typed */
	char message[160];	/* below, until the next key */
};

static const char help_text[] =
	"Up Down PgUp PgDn Home End   move (also k j)\n"
	"Enter      the stacks of the row; Esc or q goes back\n"
	"space p    pause: the figures stand still, counting goes on\n"
	"/          only stacks that match a regular expression; an empty one shows all\n"
	"m          metric: bytes or objects, live or allocated in total\n"
	"b          a row for each site, pid, comm, cgroup or container\n"
	"\n"
	"Sort by    l live   g growth   a allocation rate   o objects   t age   n name\n"
	"r          the other way round\n"
	"\n"
	"h ?        this page\n"
	"q          quit; the process goes on undisturbed\n"
	"\n"
	"live       allocated since heaptap attached, and not freed\n"
	"growth/s   change of what is live since the last refresh, per second\n"
	"alloc/s    allocated since the last refresh, freed or not, per second\n"
	"age        how long ago the site was seen first\n"
	"rss        growth of the resident memory; what is live explains a part of it\n";

int top_screen_open(struct top_screen **ret, FILE *in, FILE *out, bool color)
{
	struct top_screen *screen = calloc(1, sizeof(*screen));

	if (!screen)
		return -ENOMEM;
	setlocale(LC_CTYPE, "");
	screen->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	screen->terminal = newterm(NULL, out, in);
	if (!screen->terminal) {
		free(screen);
		return -ENOTTY;
	}
	set_term(screen->terminal);
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	curs_set(0);
	screen->color = color && has_colors();
	if (screen->color) {
		start_color();
		use_default_colors();
		init_pair(TOP_LOST, COLOR_RED, -1);
		init_pair(TOP_PARTIAL, COLOR_YELLOW, -1);
	}
	*ret = screen;
	return 0;
}

void top_screen_close(struct top_screen *screen)
{
	if (!screen)
		return;
	curs_set(1);
	endwin();
	delscreen(screen->terminal);
	free(screen->selected);
	free(screen);
}

bool top_screen_is_paused(const struct top_screen *screen)
{
	return screen->paused;
}

/* As much of @text as fits into @columns of the terminal; what is harmful is '?'. Returns how many
 * bytes of @text those are. */
static size_t put_text(const struct top_screen *screen, int y, int x, const char *text, int columns,
		       attr_t attributes)
{
	const char *at = text, *end = text;
	int used = 0;

	if (y >= LINES || x + columns > COLS)
		return strlen(text);
	attrset(attributes);
	move(y, x);
	while (*at && *at != '\n') {
		uint32_t code = utf8_next(&at);
		wchar_t wide = text_is_harmful(code) || (code > 0x7e && !screen->utf8) ? '?' : code;
		int width = wcwidth(wide);

		if (width < 0) {
			wide = '?';
			width = 1;
		}
		if (used + width > columns)
			break;
		addnwstr(&wide, 1);
		used += width;
		end = at;
	}
	if (attributes & A_REVERSE)
		for (; used < columns; used++)
			addch(' ');
	attrset(A_NORMAL);
	return end - text;
}

static attr_t tone_attributes(const struct top_screen *screen, enum top_tone tone)
{
	if (tone == TOP_PLAIN)
		return A_NORMAL;
	if (tone == TOP_STRONG || !screen->color)
		return A_BOLD;
	return A_BOLD | COLOR_PAIR(tone);
}

/* A long fact takes some lines, cut between words. Returns the next line. */
static int put_wrapped(const struct top_screen *screen, int y, const struct top_line *line)
{
	attr_t attributes = tone_attributes(screen, line->tone);
	char text[sizeof(line->text)];
	const char *rest = line->text;

	for (int i = 0; *rest && i < HEADER_WRAP; i++) {
		int indent = i ? 6 : 0, columns = COLS > indent ? COLS - indent : 0;
		size_t length = strnlen(rest, columns), cut = length;

		if (rest[length] && i + 1 < HEADER_WRAP) {
			while (cut && rest[cut] != ' ')
				cut--;
			cut = cut ?: length;
		}
		snprintf(text, sizeof(text), "%.*s", (int)cut, rest);
		put_text(screen, y++, indent, text, columns, attributes);
		rest += cut;
		rest += *rest == ' ';
	}
	return y;
}

static int put_header(const struct top_screen *screen, const struct top_rows *rows,
		      const struct top_facts *facts)
{
	struct top_line lines[TOP_MAX_HEADER];
	const struct top_style style = {.narrow = COLS < SHARE_COLS};
	unsigned int nr = top_lines_header(rows, facts, style, lines);
	int y = 0;

	for (unsigned int i = 0; i < nr; i++)
		y = put_wrapped(screen, y, &lines[i]);
	if (screen->paused)
		put_text(screen, 0, COLS > 8 ? COLS - 8 : 0, " paused ", COLS > 8 ? 8 : 0,
			 A_REVERSE);
	return y;
}

static void put_footer(const struct top_screen *screen)
{
	static const char *const keys[] = {
		[MODE_ROWS] = "q quit  h help  p pause  Enter stacks  / filter  m metric  b group  "
			      "lgaotn sort",
		[MODE_STACKS] = "q back  Up Down PgUp PgDn scroll  space pause",
		[MODE_HELP] = "q back",
	};
	char text[sizeof(screen->typed) + 16];

	if (screen->mode == MODE_FILTER) {
		snprintf(text, sizeof(text), "filter: %s_", screen->typed);
		put_text(screen, LINES - 1, 0, text, COLS, A_BOLD);
	} else if (*screen->message) {
		put_text(screen, LINES - 1, 0, screen->message, COLS,
			 tone_attributes(screen, TOP_LOST));
	} else {
		put_text(screen, LINES - 1, 0, keys[screen->mode], COLS, A_DIM);
	}
}

/* The cursor stays on its row when that moves; a row that is gone leaves it where it was. */
static void find_cursor(struct top_screen *screen, const struct top_rows *rows)
{
	uint32_t row;

	if (!screen->selected) {
		screen->cursor = 0;
	} else if (top_rows_find(rows, screen->selected, &row)) {
		for (uint32_t i = 0; i < rows->nr_order; i++)
			if (rows->order[i] == row)
				screen->cursor = i;
	}
	if (screen->cursor >= rows->nr_order)
		screen->cursor = rows->nr_order ? rows->nr_order - 1 : 0;
	if (screen->cursor < screen->first)
		screen->first = screen->cursor;
	if (screen->page > 0 && screen->cursor >= screen->first + screen->page)
		screen->first = screen->cursor - screen->page + 1;
}

static int put_rows(struct top_screen *screen, const struct top_rows *rows, int y)
{
	const struct top_style style = {.narrow = COLS < SHARE_COLS};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return -ENOMEM;
	top_lines_titles(out, rows, style);
	screen->page = LINES - y - 2;
	find_cursor(screen, rows);
	for (int i = 0; i < screen->page && screen->first + i < rows->nr_order; i++) {
		const struct top_row *row = &rows->rows[rows->order[screen->first + i]];

		putc('\n', out);
		top_lines_row(out, rows, &row->history, row->name, style);
	}
	if (fclose(out)) {
		free(text);
		return -ENOMEM;
	}
	put_text(screen, y, 0, text, COLS, A_BOLD | A_UNDERLINE);
	for (char *line = strchr(text, '\n'), *next; line; line = next) {
		uint32_t i = screen->first + (++y - LINES + screen->page + 1);

		next = strchr(++line, '\n');
		put_text(screen, y, 0, line, COLS, i == screen->cursor ? A_REVERSE : A_NORMAL);
	}
	if (!rows->nr_order)
		put_text(screen, y + 2, 4, "nothing is held yet that this view shows",
			 COLS > 4 ? COLS - 4 : 0, A_DIM);
	free(text);
	return 0;
}

/* The lines of @text from the scroll position on, which is kept inside of it. */
static void put_page(struct top_screen *screen, const char *text, int y)
{
	unsigned int nr = 0, page = LINES - y > 1 ? LINES - y - 1 : 1;

	for (const char *at = text; *at; at++)
		nr += *at == '\n';
	if (screen->scroll + page > nr)
		screen->scroll = nr > page ? nr - page : 0;
	screen->page = page;
	for (unsigned int i = 0; *text && y < LINES - 1; i++) {
		if (i >= screen->scroll)
			put_text(screen, y++, 0, text, COLS,
				 strncmp(text, "stack ", 6) ? A_NORMAL : A_BOLD);
		text = strchr(text, '\n');
		text = text ? text + 1 : "";
	}
}

static int put_stacks(struct top_screen *screen, struct top_rows *rows, int y)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	uint32_t row;
	int err = 0;

	if (!out)
		return -ENOMEM;
	if (screen->selected && top_rows_find(rows, screen->selected, &row))
		err = top_lines_stacks(out, rows, row);
	if (fclose(out))
		err = -ENOMEM;
	put_text(screen, y++, 0, screen->selected ?: "", COLS, A_BOLD | A_UNDERLINE);
	if (!err && *text)
		put_page(screen, text, y);
	else if (!err)
		put_text(screen, y, 4, "it holds nothing any more", COLS > 4 ? COLS - 4 : 0, A_DIM);
	free(text);
	return err;
}

int top_screen_draw(struct top_screen *screen, struct top_rows *rows, const struct top_facts *facts)
{
	int err = 0, y;

	erase();
	y = put_header(screen, rows, facts);
	if (screen->mode == MODE_STACKS)
		err = put_stacks(screen, rows, y);
	else if (screen->mode == MODE_HELP)
		put_page(screen, help_text, y + 1);
	else
		err = put_rows(screen, rows, y);
	put_footer(screen);
	refresh();
	return err;
}

/* Takes the row at @place for the chosen one; the first is whatever is first. */
static int select_row(struct top_screen *screen, const struct top_rows *rows, int64_t place,
		      bool sticky)
{
	if (place >= rows->nr_order)
		place = (int64_t)rows->nr_order - 1;
	if (place < 0)
		place = 0;
	free(screen->selected);
	screen->selected = NULL;
	screen->cursor = place;
	if ((!place && !sticky) || !rows->nr_order)
		return 0;
	screen->selected = strdup(rows->rows[rows->order[place]].name);
	return screen->selected ? 0 : -ENOMEM;
}

/* How far a key moves, or 0. */
static int64_t distance(const struct top_screen *screen, int key)
{
	switch (key) {
	case KEY_UP:
	case 'k':
		return -1;
	case KEY_DOWN:
	case 'j':
		return 1;
	case KEY_PPAGE:
		return -screen->page;
	case KEY_NPAGE:
		return screen->page;
	case KEY_HOME:
		return -(int64_t)UINT32_MAX;
	case KEY_END:
		return UINT32_MAX;
	default:
		return 0;
	}
}

static void type(struct top_screen *screen, int key)
{
	size_t length = strlen(screen->typed);

	if (key == KEY_BACKSPACE || key == 127 || key == CONTROL('h')) {
		while (length && (screen->typed[length - 1] & 0xc0) == 0x80)
			length--;
		screen->typed[length ? length - 1 : 0] = '\0';
	} else if (key == CONTROL('u')) {
		screen->typed[0] = '\0';
	} else if (key >= ' ' && key < 256 && length + 1 < sizeof(screen->typed)) {
		screen->typed[length] = key;
		screen->typed[length + 1] = '\0';
	}
}

static int filter_key(struct top_screen *screen, struct top_rows *rows, int key)
{
	int err;

	if (key == ESCAPE) {
		screen->mode = MODE_ROWS;
		return 0;
	}
	if (key != '\r' && key != '\n' && key != KEY_ENTER) {
		type(screen, key);
		return 0;
	}
	screen->mode = MODE_ROWS;
	err = top_rows_filter(rows, screen->typed, screen->message, sizeof(screen->message));
	return err == -EINVAL ? 0 : err;
}

static int page_key(struct top_screen *screen, int key)
{
	int64_t scroll = screen->scroll + distance(screen, key);

	if (key == 'q' || key == ESCAPE || key == KEY_LEFT ||
	    (screen->mode == MODE_HELP && key == 'h'))
		screen->mode = MODE_ROWS;
	else if (key == ' ' || key == 'p')
		screen->paused = !screen->paused;
	else
		screen->scroll = scroll < 0 ? 0 : scroll > INT32_MAX ? INT32_MAX : scroll;
	return 0;
}

static int view_key(struct top_rows *rows, int key)
{
	static const char sorts[NR_TOP_COLUMNS] = "l\1gaotn";
	const char *sort = key > 1 && key < 128 ? memchr(sorts, key, sizeof(sorts)) : NULL;
	struct top_view view = rows->view;

	if (sort) {
		view.sort = sort - sorts;
		view.reverse = false;
	} else if (key == 'r') {
		view.reverse = !view.reverse;
	} else if (key == 'm') { /* from bytes in use down to objects allocated */
		view.metric = (view.metric + NR_HEAP_METRICS - 1) % NR_HEAP_METRICS;
	} else if (key == 'b') {
		view.by = (view.by + 1) % NR_GROUP_BY;
	} else {
		return 0;
	}
	return top_rows_set_view(rows, &view);
}

/* 1: quit. */
static int rows_key(struct top_screen *screen, struct top_rows *rows, int key)
{
	int64_t by = distance(screen, key);
	int err;

	if (by)
		return select_row(screen, rows, screen->cursor + by, false);
	switch (key) {
	case 'q':
		return 1;
	case ' ':
	case 'p':
		screen->paused = !screen->paused;
		return 0;
	case '\r':
	case '\n':
	case KEY_ENTER:
	case KEY_RIGHT:
		err = select_row(screen, rows, screen->cursor, true);
		screen->mode = screen->selected ? MODE_STACKS : MODE_ROWS;
		screen->scroll = 0;
		return err;
	case 'h':
	case '?':
		screen->mode = MODE_HELP;
		screen->scroll = 0;
		return 0;
	case '/':
		screen->mode = MODE_FILTER;
		snprintf(screen->typed, sizeof(screen->typed), "%s", rows->pattern ?: "");
		return 0;
	default:
		return view_key(rows, key);
	}
}

int top_screen_keys(struct top_screen *screen, struct top_rows *rows)
{
	int key, result = -EAGAIN;

	while ((key = getch()) != ERR) {
		screen->message[0] = '\0';
		if (key == CONTROL('l'))
			clearok(stdscr, TRUE);
		if (key == KEY_RESIZE || key == CONTROL('l'))
			result = 0;
		else if (screen->mode == MODE_FILTER)
			result = filter_key(screen, rows, key);
		else if (screen->mode == MODE_ROWS)
			result = rows_key(screen, rows, key);
		else
			result = page_key(screen, key);
		if (result)
			return result;
	}
	return result;
}
