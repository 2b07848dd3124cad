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
"""

from samyama.testing.cluster import Cluster
from samyama.testing.links import Links
from samyama.testing.node import Node, StartFailed, Timeout, wait_until

__all__ = ["Cluster", "Links", "Node", "StartFailed", "Timeout", "wait_until"]
