"""From values to bytes and back: lines, schemas, versions and their steps, and secrets taken out."""
