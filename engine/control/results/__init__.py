"""What became of results, at a human's word: taken back, taken out, brought to branches, published."""
