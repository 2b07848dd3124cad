"""A running cluster, from outside: what its nodes say, what that means, and what can be asked of them."""

from samyama.cluster.client import Follower, NodeStatus, NodeUnreachable, fetch_status, fetch_text

__all__ = ["Follower", "NodeStatus", "NodeUnreachable", "fetch_status", "fetch_text"]
