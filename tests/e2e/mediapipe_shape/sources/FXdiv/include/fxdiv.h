#pragma once
static inline int fxdiv_quotient(int value, int divisor) { return value / divisor; }
