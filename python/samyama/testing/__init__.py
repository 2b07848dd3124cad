"""Clusters of real processes on loopback, for Samyama's own tests and for yours.

    from samyama.testing import Cluster

    with Cluster(3, links=True) as cluster:
        with cluster.driver() as driver:
            driver.execute_query("CREATE (:Person {name: 'Alice'})")
        cluster.leader().kill()          # kill -9
        cluster.wait_for_leader()        # another one
        cluster.partition([1], [2, 3])   # needs links=True
        cluster.heal()

Nothing is simulated: three nodes are three operating-system processes with their own directories, sockets and fsyncs.
With ``links=True`` every peer connection runs through a proxy of its own that can be cut, delayed or broken.

Beside it: :mod:`~samyama.testing.faults` (drawn from a seed, undone, proved to have happened),
:mod:`~samyama.testing.checkers` (is a recorded history linearizable, strictly serializable, complete?),
:mod:`~samyama.testing.bolt` (a client that decides nothing), :mod:`~samyama.testing.worker` (load in its own
process).
"""

from samyama.testing.cluster import Cluster
from samyama.testing.links import Links, WireCounts
from samyama.testing.node import Node, StartFailed, Timeout, wait_until
from samyama.testing.outcomes import told_by
from samyama.testing.worker import Worker, WorkerFailed, serve

__all__ = [
    "Cluster",
    "Links",
    "Node",
    "StartFailed",
    "Timeout",
    "WireCounts",
    "Worker",
    "WorkerFailed",
    "serve",
    "told_by",
    "wait_until",
]
