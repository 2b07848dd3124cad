"""Judges of recorded histories: is it linearizable, is it strictly serializable, is everything there that was
acknowledged?"""

from samyama.testing.checkers.cycles import Anomaly
from samyama.testing.checkers.linearizability import (
    Undecided,
    Violation,
    check_counter,
    check_linearizable,
    check_register,
)
from samyama.testing.checkers.list_append import Transaction, check_list_append
from samyama.testing.checkers.models import Counter, Model, Operation, Register
from samyama.testing.checkers.serials import SerialsReport, check_serials
from samyama.testing.checkers.sessions import (
    BookmarkRead,
    Sight,
    check_bookmarks,
    check_never_back,
)

__all__ = [
    "Anomaly",
    "BookmarkRead",
    "Counter",
    "Model",
    "Operation",
    "Register",
    "SerialsReport",
    "Sight",
    "Transaction",
    "Undecided",
    "Violation",
    "check_bookmarks",
    "check_counter",
    "check_linearizable",
    "check_list_append",
    "check_never_back",
    "check_register",
    "check_serials",
]
