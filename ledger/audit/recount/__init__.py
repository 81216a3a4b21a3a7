"""Every entry once more: what each kind of act must say, reckoned from evidence and from what was published, part by part."""
