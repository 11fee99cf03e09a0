"""
Our simulators of sbibm's tasks, against the references in its package: the simulator at samples of a posterior has to give the
observation back, within the noise of the task. Downloads the package (18 MB).
"""

from pathlib import Path

import numpy as np
import pytest

from flowscope import sbibm


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sbibm.downloaded(tmp_path_factory.mktemp("sbibm"))


@pytest.mark.parametrize("task", list(sbibm.TASKS))
def test_the_observation_is_a_usual_result_at_its_posterior(archive: Path, task: str) -> None:
    simulate, prior, bound = sbibm.TASKS[task]
    random = np.random.default_rng(1)
    ranks = []
    for k in sbibm.OBSERVATIONS:
        theta = sbibm.rows(archive, task, k, "reference_posterior_samples.csv.bz2")
        observed = sbibm.rows(archive, task, k, "observation.csv")[0]
        assert theta.shape == (10_000, prior(1, random).shape[1])
        assert bound is None or np.abs(theta).max() <= bound
        x = simulate(theta, random, archive)
        # In between for values that are counts.
        ranks.append(((x < observed).mean(0) + (x <= observed).mean(0)) / 2)
    # slcp has 80 numbers, and the farthest of them a rank of 0.998.
    assert np.min(ranks) > 0.001 and np.max(ranks) < 0.999
    assert abs(np.mean(ranks) - 0.5) < 0.1


def test_two_moons_is_a_crescent() -> None:
    simulate, _, _ = sbibm.TASKS["two_moons"]
    x = simulate(np.tile([[0.3, 0.1]], (5000, 1)), np.random.default_rng(2), Path())
    radius = np.hypot(*(x - [0.25 - 0.4 / np.sqrt(2), -0.2 / np.sqrt(2)]).T)
    assert abs(radius.mean() - 0.1) < 0.001 and abs(radius.std() - 0.01) < 0.001
    assert (x[:, 0] > 0.25 - 0.4 / np.sqrt(2) - 0.01).all()


def test_slcp_has_the_covariance_of_its_parameters() -> None:
    simulate, _, _ = sbibm.TASKS["slcp"]
    theta = np.array([0.7, -2.9, -1.2, 1.5, -0.6])
    x = simulate(np.tile(theta, (20_000, 1)), np.random.default_rng(3), Path()).reshape(-1, 2)
    (s1, s2), correlation = theta[2:4] ** 2, np.tanh(theta[4])
    expected = [[s1**2, correlation * s1 * s2], [correlation * s1 * s2, s2**2]]
    assert np.allclose(x.mean(0), theta[:2], atol=0.05)
    assert np.allclose(np.cov(x.T), expected, rtol=0.03)


def test_another_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sbibm-1.1.0-py2.py3-none-any.whl").write_bytes(b"other")
    with pytest.raises(SystemExit, match="is not the published package"):
        sbibm.downloaded(tmp_path)
