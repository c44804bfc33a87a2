"""What a step is, what it is given, and the plan it is part of."""
