"""What is checked before planning: functions by name and arity."""
