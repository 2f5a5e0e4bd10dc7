// SPDX-License-Identifier: Apache-2.0
/* A program whose work is done in a library. */
int forms_main(int argc, char **argv);

int main(int argc, char **argv)
{
	return forms_main(argc, argv);
}
