#pragma once
#ifndef SHAPE_WITHOUT_GPU
#error there is no GPU where this is built
#endif
