#pragma once
#ifdef __cplusplus
extern "C"
#endif
int pthreadpool_tiles(int rows);
