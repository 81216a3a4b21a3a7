"""What a QR carries: passes signed and read, spoken codes, links, pictures."""
