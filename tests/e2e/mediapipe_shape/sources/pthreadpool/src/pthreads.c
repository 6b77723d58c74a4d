#include "pthreadpool.h"

#include "fxdiv.h"

int pthreadpool_tiles(int rows) { return fxdiv_quotient(rows + 4, 5); }
