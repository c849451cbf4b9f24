from __future__ import annotations

import time

from structgen.evaluation.cost import TARGET, cost


def test_cost_is_processor_time_a_web_at_each_number_of_steps(cube):
    calls = []

    class Slow:
        def generate(self, targets, n, seed, steps=1):
            assert list(targets) == [TARGET]
            calls.append((n, steps))
            began = time.process_time()
            while time.process_time() - began < 0.001 * steps * n:
                pass

    rows = cost(Slow(), steps=(2, 20), batches=(1, 4), repeats=2)
    assert calls == [(1, 1), *[(n, steps) for steps in (2, 20) for n in (1, 4) for _ in range(2)]]
    assert [(row["steps"], row["webs_a_call"]) for row in rows] == [(2, 1), (2, 4), (20, 1), (20, 4)]
    for row in rows:
        assert 0.001 * row["steps"] <= row["cpu_seconds_a_web"] < 0.003 * row["steps"]
