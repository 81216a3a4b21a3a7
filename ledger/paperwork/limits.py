"""How large a file an office may bring. A roster of 2 753 people is 234 kB, 2 757 rows and 13 columns."""

FILE_BYTES_MAX = 20 * 1024 * 1024
UNPACKED_BYTES_MAX = 200 * 1024 * 1024
UNPACK_RATIO_MAX = 100
UNPACK_RATIO_FREE_BYTES = 1024 * 1024  # a small part may shrink as well as it likes: empty styled rows do
ARCHIVE_PARTS_MAX = 1000
SHEETS_MAX = 50
ROWS_MAX = 200_000
COLUMNS_MAX = 200
CELLS_MAX = 3_000_000  # of all sheets together, empty ones inside the used area counted: they cost memory too
