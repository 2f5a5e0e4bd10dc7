// SPDX-License-Identifier: Apache-2.0
/* Texts become numbers, and a frame a key of three of them, once for each line of a location. */
#include "profile/identity.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "profile/site.h"

enum { BASE, NEW };

struct frame_key {
	uint32_t name, module, file; /* 0: none, or it does not count */
};

uint32_t identity_text(struct identities *identities, char kind, const char *text, size_t length)
{
	char small[256], *key = small;
	uint32_t number = 0;

	if (length >= sizeof(small))
		key = malloc(length + 1);
	if (!key)
		return 0;
	*key = kind;
	memcpy(key + 1, text, length);
	if (table_enter(&identities->texts, key, length + 1, identities->nr_texts + 1, &number) &&
	    number > identities->nr_texts)
		identities->nr_texts = number;
	if (key != small)
		free(key);
	return number;
}

/* --- names -------------------------------------------------------------------------------------
 */

static bool is_clone_suffix(const char *text)
{
	static const char *const suffixes[] = {".constprop", ".isra",	  ".part",
					       ".cold",	     ".lto_priv", ".llvm"};
	size_t length;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		length = strlen(suffixes[i]);
		if (!strncmp(text, suffixes[i], length) &&
		    (!text[length] || text[length] == '.' || text[length] == ' '))
			return true;
	}
	return false;
}

/* "::h0123456789abcdef" at the end. */
static bool has_rust_hash(const char *name, size_t length)
{
	if (length <= 19 || strncmp(name + length - 19, "::h", 3) != 0)
		return false;
	for (size_t i = length - 16; i < length; i++)
		if (!isxdigit((unsigned char)name[i]))
			return false;
	return true;
}

size_t identity_name_length(const char *name)
{
	const char *clone = strstr(name, " [clone ");
	size_t length = clone && clone > name ? (size_t)(clone - name) : strlen(name);

	for (const char *dot = strchr(name + 1, '.'); dot && dot < name + length;
	     dot = strchr(dot + 1, '.'))
		if (is_clone_suffix(dot))
			length = dot - name;
	return has_rust_hash(name, length) ? length - 19 : length;
}

/* --- modules -----------------------------------------------------------------------------------
 */

const char *identity_module_stem(const char *file, size_t *ret_length)
{
	static const char deleted[] = " (deleted)";
	const char *base = stack_basename(file), *so = strstr(base, ".so.");
	size_t length = strlen(base), tail = sizeof(deleted) - 1;

	if (length > tail && !strcmp(base + length - tail, deleted))
		length -= tail;
	if (so && so > base)
		length = so + 3 - base;
	*ret_length = length;
	return base;
}

/* BASE's: a number for each name, @next for one that is new. 0 or -ENOMEM. */
static int enter_base_module(struct identities *identities, const struct profile_mapping *mapping,
			     uint32_t next, uint32_t *ret)
{
	const char *id = mapping->build_id, *stem;
	uint32_t of_id;
	size_t length;

	stem = identity_module_stem(mapping->file, &length);
	if (!table_enter(&identities->stems, stem, length, next, ret))
		return -ENOMEM;
	if (!*id)
		return 0;
	if (!table_enter(&identities->build_ids, id, strlen(id), *ret, &of_id))
		return -ENOMEM;
	/* several modules have it, so it tells nothing */
	if (of_id != *ret && !table_enter(&identities->ambiguous_ids, id, strlen(id), 0, NULL))
		return -ENOMEM;
	return 0;
}

/* NEW's: those of BASE by their name, or else by their build id. */
static int enter_new_module(struct identities *identities, const struct profile_mapping *mapping,
			    uint32_t next, uint32_t *ret)
{
	const char *id = mapping->build_id, *stem;
	size_t length;

	stem = identity_module_stem(mapping->file, &length);
	if (table_find(&identities->stems, stem, length, ret))
		return 0;
	if (*id && !table_find(&identities->ambiguous_ids, id, strlen(id), NULL))
		table_find(&identities->build_ids, id, strlen(id), &next);
	return table_enter(&identities->stems, stem, length, next, ret) ? 0 : -ENOMEM;
}

static bool has_stem(const struct profile *profile, const char *stem, size_t length)
{
	for (uint32_t i = 0; i < profile->nr_mappings; i++) {
		size_t other_length;
		const char *other = identity_module_stem(profile->mappings[i].file, &other_length);

		if (length == other_length && !memcmp(stem, other, length))
			return true;
	}
	return false;
}

/* The main binary, the first mapping, was renamed: the other profile has neither's name. */
static bool is_renamed(const struct profile *base, const struct profile *new)
{
	const char *stems[2];
	size_t lengths[2];

	if (!base->nr_mappings || !new->nr_mappings || *base->mappings[0].file == '[' ||
	    *new->mappings[0].file == '[')
		return false;
	stems[BASE] = identity_module_stem(base->mappings[0].file, &lengths[BASE]);
	stems[NEW] = identity_module_stem(new->mappings[0].file, &lengths[NEW]);
	return lengths[BASE] && lengths[NEW] && !has_stem(base, stems[NEW], lengths[NEW]) &&
	       !has_stem(new, stems[BASE], lengths[BASE]);
}

static int number_modules(struct identities *identities)
{
	struct identity_side *base = &identities->sides[BASE], *new = &identities->sides[NEW];
	bool renamed = is_renamed(base->profile, new->profile);
	uint32_t number = 0;
	int err = 0;

	for (uint32_t i = 0; i < base->profile->nr_mappings && !err; i++)
		err = enter_base_module(identities, &base->profile->mappings[i], ++number,
					&base->modules[i]);
	for (uint32_t i = 0; i < new->profile->nr_mappings && !err; i++)
		err = enter_new_module(identities, &new->profile->mappings[i],
				       renamed && !i ? base->modules[0] : ++number,
				       &new->modules[i]);
	return err;
}

/* --- scripts -----------------------------------------------------------------------------------
 */

static bool is_javascript(const struct profile *profile, const struct profile_location *location)
{
	return location->mapping < profile->nr_mappings &&
	       !strcmp(profile->mappings[location->mapping].file, PROFILE_JAVASCRIPT);
}

static int collect_scripts(struct table *scripts, const struct profile *profile)
{
	for (uint32_t i = 0; i < profile->nr_locations; i++) {
		const struct profile_location *location = &profile->locations[i];

		if (!is_javascript(profile, location))
			continue;
		for (uint32_t line = 0; line < location->nr_lines; line++) {
			const char *file = profile->functions[location->lines[line].function].file;

			if (!table_enter(scripts, file, strlen(file), 0, NULL))
				return -ENOMEM;
		}
	}
	return 0;
}

static uint32_t number_script(struct identities *identities, const char *file)
{
	static const char packages[] = "/node_modules/";
	const char *rest = file, *found;
	size_t length = strlen(file);

	if (table_find(&identities->scripts[BASE], file, length, NULL) &&
	    table_find(&identities->scripts[NEW], file, length, NULL))
		return identity_text(identities, 's', file, length);
	while ((found = strstr(rest, packages)))
		rest = found + sizeof(packages) - 1;
	if (rest == file)
		rest = stack_basename(file);
	return identity_text(identities, 't', rest, strlen(rest));
}

/* --- frames ------------------------------------------------------------------------------------
 */

/* All but the file of a native function. *ret_named: there is a function whose file may count. */
static int make_key(struct identities *identities, const struct identity_side *side,
		    const struct profile_location *location,
		    const struct profile_function *function, struct frame_key *ret, bool *ret_named)
{
	const struct profile *profile = side->profile;

	*ret = (struct frame_key){0};
	*ret_named = false;
	if (location->mapping < profile->nr_mappings)
		ret->module = side->modules[location->mapping];
	if (!function || !*function->name)
		return 0;
	ret->name = identity_text(identities, 'n', function->name,
				  identity_name_length(function->name));
	if (!ret->name)
		return -ENOMEM;
	if (site_is_wrapper(function->name))
		ret->module = 0;
	else
		*ret_named = *function->file;
	if (!is_javascript(profile, location))
		return 0;
	*ret_named = false;
	ret->file = number_script(identities, function->file);
	return ret->file ? 0 : -ENOMEM;
}

static uint32_t file_number(struct identities *identities, const struct profile_function *function)
{
	const char *base = stack_basename(function->file);

	return identity_text(identities, 'f', base, strlen(base));
}

/* Functions of one name and module that are in several files of one profile: static ones, which
 * only the file tells apart. One that moved to another file is in one of each. */
static int find_homonym(struct identities *identities, const struct identity_side *side,
			const struct profile_function *function, const struct frame_key *key)
{
	struct frame_key of_side = *key;
	uint32_t file = file_number(identities, function), known;

	of_side.file = 1 + (side == &identities->sides[NEW]);
	if (!file || !table_enter(&identities->files, &of_side, sizeof(of_side), file, &known))
		return -ENOMEM;
	if (known != file && !table_enter(&identities->homonyms, key, sizeof(*key), 0, NULL))
		return -ENOMEM;
	return 0;
}

static int number_frame(struct identities *identities, const struct profile_function *function,
			struct frame_key key, bool named, uint32_t *ret)
{
	if (named && table_find(&identities->homonyms, &key, sizeof(key), NULL)) {
		key.file = file_number(identities, function);
		if (!key.file)
			return -ENOMEM;
	}
	if (!table_enter(&identities->frames, &key, sizeof(key), identities->nr, ret))
		return -ENOMEM;
	if (*ret == identities->nr)
		identities->nr++;
	return 0;
}

/* First only looks for homonyms, then (@number) numbers the frames. */
static int visit_frame(struct identities *identities, struct identity_side *side,
		       const struct profile_location *location, uint32_t line, bool number,
		       uint32_t *ret)
{
	const struct profile_function *function =
		line < location->nr_lines
			? &side->profile->functions[location->lines[line].function]
			: NULL;
	struct frame_key key;
	bool named;
	int err = make_key(identities, side, location, function, &key, &named);

	if (err)
		return err;
	if (number)
		return number_frame(identities, function, key, named, ret);
	return named ? find_homonym(identities, side, function, &key) : 0;
}

static int visit_frames(struct identities *identities, struct identity_side *side, bool number)
{
	const struct profile *profile = side->profile;
	uint32_t nr = 0;
	int err = 0;

	for (uint32_t i = 0; i < profile->nr_locations && !err; i++) {
		const struct profile_location *location = &profile->locations[i];

		side->first_lines[i] = nr;
		for (uint32_t line = 0; line < (location->nr_lines ?: 1) && !err; line++)
			err = visit_frame(identities, side, location, line, number,
					  &side->frames[nr++]);
	}
	return err;
}

static int side_init(struct identity_side *side, const struct profile *profile)
{
	size_t nr_lines = 1;

	side->profile = profile;
	for (uint32_t i = 0; i < profile->nr_locations; i++)
		nr_lines += profile->locations[i].nr_lines ?: 1;
	side->modules = calloc((size_t)profile->nr_mappings + 1, sizeof(*side->modules));
	side->first_lines = calloc((size_t)profile->nr_locations + 1, sizeof(*side->first_lines));
	side->frames = calloc(nr_lines, sizeof(*side->frames));
	return side->modules && side->first_lines && side->frames ? 0 : -ENOMEM;
}

int identities_build(struct identities *ret,
		     const struct profile *const profiles[NR_IDENTITY_SIDES])
{
	int err = 0;

	*ret = (struct identities){0};
	for (int i = 0; i < NR_IDENTITY_SIDES && !err; i++) {
		err = side_init(&ret->sides[i], profiles[i]);
		err = err ?: collect_scripts(&ret->scripts[i], profiles[i]);
	}
	err = err ?: number_modules(ret);
	for (int i = 0; i < NR_IDENTITY_SIDES && !err; i++)
		err = visit_frames(ret, &ret->sides[i], false);
	for (int i = 0; i < NR_IDENTITY_SIDES && !err; i++)
		err = visit_frames(ret, &ret->sides[i], true);
	return err;
}

void identities_done(struct identities *identities)
{
	for (int i = 0; i < NR_IDENTITY_SIDES; i++) {
		free(identities->sides[i].modules);
		free(identities->sides[i].first_lines);
		free(identities->sides[i].frames);
		table_done(&identities->scripts[i]);
	}
	table_done(&identities->texts);
	table_done(&identities->build_ids);
	table_done(&identities->ambiguous_ids);
	table_done(&identities->stems);
	table_done(&identities->files);
	table_done(&identities->homonyms);
	table_done(&identities->frames);
	*identities = (struct identities){0};
}

uint32_t identity_of(const struct identities *identities, int side, const struct stack_frame *frame)
{
	const struct identity_side *of = &identities->sides[side];

	return of->frames[of->first_lines[frame->location] + frame->inline_line];
}
