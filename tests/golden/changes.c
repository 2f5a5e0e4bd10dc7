// SPDX-License-Identifier: Apache-2.0
/*
 * Two profiles of one program, before and after a release: what is new, gone, as it was; lines that
 * moved, a clone, a library of a newer version, scripts in another directory.
 */
#include "literal.h"

#define OLD_LIB	  "/opt/app/lib/libplugin.so.1.4"
#define NEW_LIB	  "/opt/app/lib/libplugin.so.2.0"
#define OLD_SHOP  "/srv/release-1/shop.js"
#define NEW_SHOP  "/srv/release-2/shop.js"
#define JS_MODULE "[js]"

void make_before(struct profile *profile)
{
	static const struct literal literals[] = {
		{{100, 10000, 90, 9000},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("cache_add", "src/cache.c", 120, LEAKY),
		  FRAME("serve", "src/main.c", 60, LEAKY), FRAME("main", "src/main.c", 12, LEAKY)}},
		{{50, 50000, 50, 50000},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("old_index", "src/index.c", 9, LEAKY),
		  FRAME("main", "src/main.c", 14, LEAKY)}},
		{{4, 4096, 4, 4096},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("", NULL, 0, OLD_LIB),
		  FRAME("main", "src/main.c", 15, LEAKY)}},
		{{7, 700, 7, 700},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("settings", "src/main.c", 5, LEAKY),
		  FRAME("main", "src/main.c", 11, LEAKY)}},
		{{30, 3000, 20, 2000},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("basket", OLD_SHOP, 31, JS_MODULE),
		  FRAME("(anonymous)", OLD_SHOP, 80, JS_MODULE)}},
	};

	literal_set_run(profile, 1);
	ADD(profile, literals);
}

void make_after(struct profile *profile)
{
	static const struct literal literals[] = {
		{{300, 30000, 290, 29000},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC),
		  FRAME("cache_add.part.0", "src/cache.c", 133, LEAKY),
		  FRAME("serve", "src/main.c", 71, LEAKY), FRAME("main", "src/main.c", 12, LEAKY)}},
		{{10, 1000, 10, 1000},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC),
		  FRAME("cache_add.part.0", "src/cache.c", 140, LEAKY),
		  FRAME("serve", "src/main.c", 75, LEAKY), FRAME("main", "src/main.c", 12, LEAKY)}},
		{{20, 60000, 20, 60000},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("new_index", "src/index.c", 19, LEAKY),
		  FRAME("main", "src/main.c", 16, LEAKY)}},
		{{2, 2048, 2, 2048},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("", NULL, 0, NEW_LIB),
		  FRAME("main", "src/main.c", 17, LEAKY)}},
		{{7, 700, 7, 700},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("settings", "src/main.c", 6, LEAKY),
		  FRAME("main", "src/main.c", 11, LEAKY)}},
		{{60, 6000, 50, 5000},
		 {NO_LABEL},
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("basket", NEW_SHOP, 44, JS_MODULE),
		  FRAME("(anonymous)", NEW_SHOP, 91, JS_MODULE)}},
	};

	literal_set_run(profile, 1);
	profile->time_ns += 3600000000000;
	profile->duration_ns = 60000000000;
	literal_check(profile_set_note(profile, "target", "5678 leaky ./leaky --serve"));
	literal_check(profile_set_note(profile, "watched_ns", "60000000000"));
	ADD(profile, literals);
}

void make_before_sampled(struct profile *profile)
{
	static const struct literal literals[] = {
		{{1000, 100000000, 500, 50000000},
		 ERRORS(3000000, 4000000),
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("big", "a.c", 1, LEAKY)}},
		{{1000, 100000000, 500, 50000000},
		 ERRORS(4000000, 3000000),
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("steady", "a.c", 50, LEAKY)}},
		{{16384, 524288, 8192, 262144},
		 ERRORS(524288, 524288),
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("rare", "c.c", 3, LEAKY)}},
	};

	literal_set_run(profile, 524288);
	ADD(profile, literals);
}

void make_after_sampled(struct profile *profile)
{
	static const struct literal literals[] = {
		{{2000, 200000000, 900, 90000000},
		 ERRORS(4000000, 3000000),
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("big", "a.c", 2, LEAKY)}},
		{{1000, 100000000, 540, 54000000},
		 ERRORS(3000000, 4000000),
		 {FRAME("malloc", NULL, 0, LIBC), FRAME("steady", "a.c", 51, LEAKY)}},
	};

	literal_set_run(profile, 524288);
	ADD(profile, literals);
	literal_check(profile_set_note(profile, "lost_live_full", "12"));
	literal_check(profile_set_note(profile, "incomplete",
				       "the target ended while it was attached to"));
}
