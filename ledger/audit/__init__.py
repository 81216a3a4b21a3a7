"""Proofs: the Merkle tree over acts, named checks that rebuild every number, exports. Writes leaves and heads, nothing else."""
