"""The run as its events tell it: the fold, and views of any moment."""

from rlm_tui.trajectory.nodes import Activity, Hold, Node, Place, Step, Variable
from rlm_tui.trajectory.view import Trajectory, View

__all__ = ["Activity", "Hold", "Node", "Place", "Step", "Trajectory", "Variable", "View"]
