// Stand-in for tests: the level comes from clang's --target.
#pragma once

#define __ANDROID_API_FUTURE__ 10000
