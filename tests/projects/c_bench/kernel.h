long count_lines(int rows, int columns);
