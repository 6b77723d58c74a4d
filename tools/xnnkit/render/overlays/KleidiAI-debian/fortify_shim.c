// Debian compiles with _FORTIFY_SOURCE, whose checked fprintf only glibc has. KleidiAI calls it to
// say why it aborts; without the check the message is the same.
#include <stdarg.h>
#include <stdio.h>

int __fprintf_chk(FILE* stream, int flag, const char* format, ...) {
  (void)flag;
  va_list arguments;
  va_start(arguments, format);
  const int written = vfprintf(stream, format, arguments);
  va_end(arguments);
  return written;
}
