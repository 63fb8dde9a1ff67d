"""What old releases of the price sources said, and on which days: data files, and their reader."""

from pricing_data.history.observations import Observation, Value, read_history

__all__ = ["Observation", "Value", "read_history"]
