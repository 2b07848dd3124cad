"""Measuring: a native load generator, the disk's own floor, and the set of figures that a release has to reach.

``samyama bench run`` asks one statement of a running server; ``samyama bench suite`` starts real processes and measures
the set. Loads are closed loops on the machine that also runs the servers: every figure names connections and depth.
"""
