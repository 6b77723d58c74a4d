// Stand-in for tests: the few macros that sources expect of Android's <sys/cdefs.h>.
#pragma once

#if defined(__cplusplus)
#define __BEGIN_DECLS extern "C" {
#define __END_DECLS }
#else
#define __BEGIN_DECLS
#define __END_DECLS
#endif

#define __INTRODUCED_IN(level)
