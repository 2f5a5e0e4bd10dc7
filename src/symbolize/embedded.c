// SPDX-License-Identifier: Apache-2.0
/*
 * libdwfl decompresses .gnu_debugdata while it collects the symbols of a module. It is used for
 * nothing else (it searches symbols linearly and units by .debug_aranges alone), so the module is
 * given no other file, and only the handle of the decompressed one is taken from it.
 */
#include "symbolize/embedded.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int no_file(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
		   char **path, Elf **elf)
{
	(void)module, (void)userdata, (void)name, (void)base, (void)path, (void)elf;
	return -1;
}

static int no_debug_file(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
			 const char *file, const char *link, GElf_Word crc, char **path)
{
	(void)module, (void)userdata, (void)name, (void)base, (void)file, (void)link, (void)crc,
		(void)path;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = no_file,
	.find_debuginfo = no_debug_file,
};

/* The file of the first symbol that is not of the object itself. */
static Elf *second_file(Dwfl_Module *module)
{
	Dwarf_Addr bias;
	Elf *object = dwfl_module_getelf(module, &bias);
	int nr = object ? dwfl_module_getsymtab(module) : 0;

	for (int i = 1; i < nr; i++) {
		GElf_Sym symbol;
		GElf_Addr value;
		Elf *elf;

		if (dwfl_module_getsym_info(module, i, &symbol, &value, NULL, &elf, &bias) &&
		    elf != object)
			return elf;
	}
	return NULL;
}

int embedded_open(const struct mapped *object, struct embedded *ret)
{
	Dwfl_Module *module;
	Elf *elf = NULL;
	Dwfl *dwfl;
	int fd;

	if (!mapped_has_section(object, ".gnu_debugdata"))
		return -ENOENT;
	dwfl = dwfl_begin(&callbacks);
	fd = fcntl(object->fd, F_DUPFD_CLOEXEC, 0);
	if (!dwfl || fd < 0)
		goto fail;
	module = dwfl_report_elf(dwfl, "object", "object", fd, 0, true);
	if (!module)
		goto fail;
	fd = -1; /* the module's */
	dwfl_report_end(dwfl, NULL, NULL);
	elf = second_file(module);
	if (!elf)
		goto fail;
	*ret = (struct embedded){.elf = elf, .dwfl = dwfl};
	return 0;
fail:
	if (fd >= 0)
		close(fd);
	if (!dwfl)
		return -ENOMEM;
	dwfl_end(dwfl);
	return -ENOENT;
}

void embedded_done(struct embedded *embedded)
{
	if (embedded->dwfl)
		dwfl_end(embedded->dwfl);
	*embedded = (struct embedded){};
}
