"""What stacks are made of: functions, state machines, schedules, alarms, permissions."""
