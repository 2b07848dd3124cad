"""The openCypher TCK against Samyama: ``python -m tests.tck`` runs it, ``make tck`` runs all of it.

The suite is Gherkin. ``suite`` finds and expands its scenarios, ``steps`` reads their sentences, ``literals`` and
``values`` the values in its tables; ``judge`` runs one scenario on a graph of an adapter (``embedded``, ``bolt``) and
says what was wrong; ``report`` counts. ``test_runner`` plants wrong answers to see that they are caught, and
``test_sample`` runs a stable quarter of the suite.

Nothing is skipped but what the suite itself marks ``@ignore`` (one scenario).
"""
