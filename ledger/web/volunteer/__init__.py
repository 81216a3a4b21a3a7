"""Where a resident stands: the number, the code, reserving, the statement, settings, activities."""
