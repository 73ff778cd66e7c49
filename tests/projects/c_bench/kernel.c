#include "kernel.h"

#define BLOCK 8  /* columns that are done at once */
#define PREFETCH 0

/* How many cache lines are loaded for a product of two matrices, in a model of a small cache. */
long count_lines(int rows, int columns) {
    long lines = 0;
    for (int row = 0; row < rows; row++)
        for (int column = 0; column < columns; column += BLOCK)
            lines += BLOCK <= 16 ? 2 : 40;
    return lines - (PREFETCH ? lines / 10 : 0);
}
