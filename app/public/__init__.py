"""What everybody may see without signing in: schemes in publicity, and what residents say to them (N2.1)."""
