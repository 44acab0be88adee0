"""The converge engine: declare, probe, plan, apply, prove."""
