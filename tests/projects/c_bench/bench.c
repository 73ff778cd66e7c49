#include <stdio.h>
#include "kernel.h"

int main(void) {
    long lines = count_lines(64, 64);
    printf("matrix: 64 x 64\n");
    printf("cycles: %ld\n", 100 * lines);
    return 0;
}
