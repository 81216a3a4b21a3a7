"""What people do. One verb per file; each call is one atomic unit handed to storage, under one request key.

A use case takes the book, the `Request` (who asks, under which key, when) and its own arguments, and returns the facts
of its answer as a plain dict: what is kept beside the key and given again to a retry. Codes are derived from those
facts at the edge, never kept.
"""
