"""Metamorphic relations, one a file: what a query gives says what another query must give."""
