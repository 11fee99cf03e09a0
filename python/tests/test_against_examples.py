"""`flowscope.check(flow, examples=…)`: classifiers against what the best of all can do, right flows and wrong ones."""

import numpy as np
import pytest
import scipy.stats
import torch
from flows import nflows_flow, zuko_flow
from nflows.distributions.normal import StandardNormal
from nflows.flows import Flow
from nflows.transforms import Transform
from nflows.transforms.standard import PointwiseAffineTransform
from sbi.utils import BoxUniform
from torch.distributions import Independent, Uniform

import flowscope
from flowscope.against_examples import _outside, _told
from flowscope.two_samples import energy_distance, sliced_distance


def within(accuracy, truth, count):
    """Four standard errors of a share, and two points for what a classifier of so few rows does not find."""
    error = 4 * (truth * (1 - truth) / (2 * count)) ** 0.5
    return truth - error - 0.02 <= accuracy <= truth + error


def test_classifiers_are_as_good_as_any_can_be():
    random, count = np.random.default_rng(0), 2000
    normal = random.normal(size=(count, 1))
    # Φ(1 / 2) of two normals that lie one deviation apart.
    assert within(_told(normal, random.normal(size=(count, 1)) + 1, None, 0).accuracy, 0.6915, count)
    same = _told(normal, random.normal(size=(count, 1)), None, 0)
    assert within(same.accuracy, 0.5, count) and not same.off
    # Only the correlation with the condition differs, which no classifier sees without the condition.
    condition = random.normal(size=(count, 1))
    goes = 0.9 * condition + 0.19**0.5 * random.normal(size=(count, 1))
    assert _told(goes, normal, condition, 0).accuracy > 0.7
    assert not _told(goes, normal, None, 0).off


def test_distances_are_those_of_scipy():
    random = np.random.default_rng(1)
    for away in (0.0, 1.0):
        first, second = random.normal(size=200), random.normal(size=300)[:200] + away
        apart = np.abs(first[:, None] - second).mean()
        energy, sliced = (f(first[:, None], second[:, None], random) for f in (energy_distance, sliced_distance))
        # SciPy's is the root of the distance itself.
        assert energy.value == pytest.approx(scipy.stats.energy_distance(first, second) ** 2 / (2 * apart), abs=1e-9)
        assert sliced.value == pytest.approx(scipy.stats.wasserstein_distance(first, second), abs=1e-9)
        assert energy.off == sliced.off == (away > 0)


def test_distances_are_below_their_band_by_chance():
    # One of 200 is off: more than 3 of 100 come once in 600 times.
    random = np.random.default_rng(2)
    runs = [(random.normal(size=(100, 2)), random.normal(size=(100, 2))) for _ in range(100)]
    for distance in (energy_distance, sliced_distance):
        assert sum(distance(*both, random).off for both in runs) <= 3


def samples(flow, count, context=None):
    torch.manual_seed(5)
    with torch.no_grad():
        return flow.sample(count) if context is None else flow.sample(1, context).squeeze(1)


def test_a_right_flow_passes_and_a_wrong_one_does_not():
    flow = nflows_flow()
    x = samples(flow, 1000)
    flow.train()
    before = torch.random.get_rng_state()
    found = flowscope.check(flow, examples=x)
    assert flow.training and torch.equal(before, torch.random.get_rng_state())
    assert found.count == 1000 and not found.latents.off and not found.examples.off, found
    assert "A classifier cannot tell draws from examples" in str(found)
    x[3, 0] = float("nan")
    wrong = flowscope.check(flow, examples=x.nanmean(0) + 1.5 * (x - x.nanmean(0)))
    assert wrong.latents.off and wrong.examples.off and wrong.not_finite == 1, wrong


class Regression(Transform):
    """x = 0.8 · context + 0.6 · z."""

    def forward(self, inputs, context=None):
        return (inputs - 0.8 * context) / 0.6, inputs.new_full((len(inputs),), -np.log(0.6)) * inputs.shape[1]

    def inverse(self, inputs, context=None):
        return 0.6 * inputs + 0.8 * context, inputs.new_full((len(inputs),), np.log(0.6)) * inputs.shape[1]


def regression(count):
    """A flow, conditions, and examples of the flow for these."""
    flow = Flow(Regression(), StandardNormal([2]))
    context = torch.randn(count, 2, generator=torch.Generator().manual_seed(3))
    return flow, context, samples(flow, count, context)


def test_a_condition_that_a_flow_has_wrong_is_seen():
    flow, context, x = regression(1000)
    found = flowscope.check(flow, examples=x, context=context)
    assert not any(one.off for one in (found.latents, found.examples, found.energy, found.sliced)), found
    # Both are 0.8²; 0.06 is three standard errors of a correlation of 1,000, and more than that of a contraction.
    for recovered in (found.recovery.contraction, found.recovery.correlation):
        assert recovered == pytest.approx([0.64, 0.64], abs=0.06)
    assert not found.recovery.off and not found.local.off and len(found.local.observations) == 40, found
    wrong = flowscope.check(flow, examples=x, context=-context)
    assert wrong.latents.off and wrong.recovery.off and wrong.local.off, wrong
    assert "observations p is below 0.05, where 2 are expected; p 0.010 for all together" in str(wrong)


def test_draws_do_not_repeat_those_of_the_examples():
    flow = Flow(Regression(), StandardNormal([2]))
    torch.manual_seed(3)
    context = torch.randn(1000, 2)
    found = flowscope.check(flow, examples=samples(flow, 1000, context), context=context, seed=3)
    assert not found.latents.off and not found.examples.off, found


def test_an_observation_is_tested_where_it_is():
    flow, context, x = regression(2000)
    # Too wide where the first condition is positive.
    wide = context[:, 0] > 0
    x[wide] += 0.5 * torch.randn(int(wide.sum()), 2, generator=torch.Generator().manual_seed(4))
    found = flowscope.check(flow, examples=x, context=context, observations=[[-1.0, 0.5], [1.0, 0.5], [90.0, 0.0]])
    good, bad, far = found.local.observations
    assert good.p_value > 0.05 and bad.p_value == 0.01, (good, bad)
    assert good.example is None and good.as_rare > 0.1 and far.as_rare == 0
    assert "0.0% of the examples have a condition that is as far from all others as [90.,  0.]: the flow" in str(found)


def test_observations_that_do_not_fit_are_refused():
    flow, context, x = regression(100)
    for wrong, message in (([0.0] * 3, r"shape \(1, 3\); expected \(K, 2\)"), ([0.0, np.nan], "An observation is not finite")):
        with pytest.raises(ValueError, match=message):
            flowscope.check(flow, examples=x, context=context, observations=wrong)
    with pytest.raises(ValueError, match="observations= needs examples with a condition each"):
        flowscope.check(flow, examples=x, context=context[0], observations=context[0])


def test_draws_outside_of_a_prior_are_counted():
    box = -torch.ones(2), torch.ones(2)
    x = torch.tensor([[0.0, 0.9], [0.0, 1.1], [-1.1, 1.1], [-0.9, 0.0]])
    for prior in (Independent(Uniform(*box), 1), BoxUniform(*box), lambda x: torch.log((x.abs() < 1).all(1))):
        assert _outside(prior, x) == 2
    with pytest.raises(ValueError, match="NaN or infinite somewhere"):
        _outside(lambda x: x.sum(1) * torch.nan, x)
    with pytest.raises(ValueError, match=r"shape \(4, 2\) for 4 rows; expected \(4,\)"):
        _outside(lambda x: x, x)


def test_a_flow_beside_its_prior():
    # Draws are normal with the deviation of a uniform on [-1, 1]; P(|z| < √3) = 0.91674.
    flow = Flow(PointwiseAffineTransform(torch.zeros(2), torch.full((2,), 3**0.5)), StandardNormal([2]))
    x = 2 * torch.rand(400, 2, generator=torch.Generator().manual_seed(1)) - 1
    expected = 1 - 0.91674**2
    found = flowscope.check(flow, examples=x, prior=BoxUniform(-torch.ones(2), torch.ones(2)))
    assert abs(found.leakage - expected) < 4 * (expected * (1 - expected) / 400) ** 0.5
    assert str(found).startswith(f"{found.leakage:.2%} of 400 draws are outside of the prior")
    with pytest.raises(ValueError, match="of 400 examples are outside of the prior: check its bounds"):
        flowscope.check(flow, examples=x, prior=Uniform(0.0, 1.0))


def test_what_cannot_be_compared_is_said():
    flow = zuko_flow()
    with pytest.raises(ValueError, match="one of the two"):
        flowscope.check(flow)
    with pytest.raises(ValueError, match=r"expected \(N, D\) with 100 rows or more"):
        flowscope.check(flow, examples=torch.zeros(5, 2))
    with pytest.raises(ValueError, match=r"The context has shape \(7, 2\); expected \(200, C\)"):
        flowscope.check(flow, examples=torch.zeros(200, 2), context=torch.zeros(7, 2))
