"""What is remembered. The only package that speaks SQL; everything else asks it through units of work."""
