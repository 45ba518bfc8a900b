"""The size and the seed of the soak tests."""

from tests.soak import ORDINARY_SEED, Soak


def test_an_ordinary_run_takes_a_hundredth_and_always_the_same_cases() -> None:
    """Its failures replay without a seed being known."""
    made = Soak.of(5000, full=False, environment={})
    assert made == Soak(cases=50, seed=ORDINARY_SEED)
    assert made.random().random() == made.random().random()


def test_the_smallest_size_is_one_case() -> None:
    """Never none: a test that runs nothing proves nothing."""
    assert Soak.of(10, full=False, environment={}).cases == 1


def test_a_full_run_takes_every_case_and_a_seed_of_its_own() -> None:
    """New cases are found in each."""
    first, second = (Soak.of(5000, full=True, environment={}) for _ in range(2))
    assert first.cases == 5000
    assert first.seed != second.seed


def test_a_seed_replays_a_run() -> None:
    """The same number makes the same cases."""
    assert Soak.of(5000, full=True, environment={"SOAK_SEED": "7"}).seed == 7
