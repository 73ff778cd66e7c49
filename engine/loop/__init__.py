"""The loop: hear, fold, decide, do, append, show. The only room that carries out commands."""
