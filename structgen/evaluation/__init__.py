"""How good a generator is: `protocol.run` measures all of it, `report` and `picture` show it."""

from structgen.evaluation.adherence import Adherence, adherence, evaluate, held_out_targets, summary

__all__ = ["Adherence", "adherence", "evaluate", "held_out_targets", "summary"]
