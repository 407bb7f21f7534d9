"""Quality review: forms, samples, reviews and averages."""
