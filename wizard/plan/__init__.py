"""From recipe, answers and disk to ordered steps with sizes and what each waits for."""
