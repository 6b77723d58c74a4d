"""`elf_test`: a test that reads a binary's ELF and proves what is, and is not, in it."""

load("//rules/private:elf_test.bzl", _elf_test = "elf_test")

elf_test = _elf_test
