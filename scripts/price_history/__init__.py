"""The history of prices that old releases of the price sources prove; commands in `__main__`."""
