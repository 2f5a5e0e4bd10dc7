/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of elf/ share about an image: private to this folder.
 */
#ifndef HEAPTAP_ELF_IMAGE_PRIVATE_H
#define HEAPTAP_ELF_IMAGE_PRIVATE_H

#include <libelf.h>
#include <stdbool.h>
#include <stdint.h>

#include "elf/image.h"

/* libelf's handle; the image's. */
Elf *elf_image_handle(const struct elf_image *image);

/* Whether @vaddr lies in the file part of an executable segment. */
bool elf_image_is_code(const struct elf_image *image, uint64_t vaddr);

#endif
