"""Profile counts of 2 kB texts for five models, in this process."""

import cProfile
import pstats

from bench.endpoint import MODELS
from bench.texts import SMALL, kinds
from tokenizer_registry import Registry

TEXTS = 300
SHOWN = 25


def main() -> None:
    """Print the functions with the most time, after a warm-up on other texts."""
    registry = Registry.from_package()
    prose = kinds(SMALL, TEXTS)[0]
    for text in prose.warm:
        registry.count(text, MODELS)
    profile = cProfile.Profile()
    with profile:
        for text in prose.fresh:
            registry.effort(MODELS)
            registry.count(text, MODELS)
    pstats.Stats(profile).sort_stats("tottime").print_stats(SHOWN)


if __name__ == "__main__":
    main()
