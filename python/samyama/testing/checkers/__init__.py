"""Judges of recorded histories: is it linearizable, is it strictly serializable?"""

from samyama.testing.checkers.cycles import Anomaly, Transaction, check_list_append
from samyama.testing.checkers.linearizability import Operation, Undecided, Violation, check_register

__all__ = [
    "Anomaly",
    "Operation",
    "Transaction",
    "Undecided",
    "Violation",
    "check_list_append",
    "check_register",
]
