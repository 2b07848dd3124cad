"""Talking to the nodes of a cluster from outside: their status, health and metrics over HTTP."""

from samyama.cluster.client import NodeStatus, NodeUnreachable, fetch_status, fetch_text

__all__ = ["NodeStatus", "NodeUnreachable", "fetch_status", "fetch_text"]
