"""Writes test/fixtures/fields/sbi-*: FMPE of sbi, trained for a moment, as its users save it, and what sbi computes from it.

    python test/peers/make_sbi_fields.py

Numbers are sbi's own, in float64 with tolerances of 1e-10, as those of the random cases are (random/kinds/sbi.py). Nothing
depends on their values. Arrays of io.npz: x and context, z_f64, logdet_f64 and log_prob_f64 of them; z_in, context_in and
x_from_z_f64.
"""

import json
import pickle
import sys
from pathlib import Path

import numpy as np
import sbi
import torch
from safetensors.torch import save_file
from sbi.inference.posteriors.vector_field_posterior import VectorFieldPosterior
from sbi.neural_nets.embedding_nets import FCEmbedding
from sbi.neural_nets.net_builders.vector_field_nets import build_vector_field_estimator
from sbi.utils import BoxUniform

sys.path.insert(0, str(Path(__file__).resolve().parent / "random"))
from kinds.sbi import forward_field, inverse_field  # noqa: E402

folder = Path(__file__).resolve().parent.parent / "fixtures" / "fields"
features, context, rows = 2, 3, 24


def simulations(count, seed):
    """Parameters with unlike scales far from zero, and data that depend on them."""
    random = np.random.RandomState(seed)
    theta = np.array([3.0, -0.5]) + np.array([2.0, 0.2]) * random.randn(count, features)
    data = np.stack([theta[:, 0], 5 * theta[:, 1] ** 2, theta.sum(1)], 1) + 0.3 * random.randn(count, context)
    return torch.tensor(theta, dtype=torch.float32), torch.tensor(data, dtype=torch.float32)


def trained(seed, **settings):
    torch.manual_seed(seed)
    theta, data = simulations(256, seed)
    sizes = dict(hidden_features=10, num_layers=2, time_embedding_dim=8, z_score_x="independent", z_score_y="independent")
    estimator = build_vector_field_estimator(theta, data, **(sizes | settings))
    optimizer = torch.optim.Adam(estimator.parameters(), lr=5e-3)
    for _ in range(200):
        optimizer.zero_grad()
        loss = estimator.loss(theta, data).mean()
        loss.backward()
        optimizer.step()
    return estimator.eval(), loss.item()


def posterior_of(estimator):
    return VectorFieldPosterior(estimator, BoxUniform(-50 * torch.ones(features), 50 * torch.ones(features)))


def pickled(estimator, target):
    posterior = posterior_of(estimator)
    posterior.set_default_x(torch.zeros(1, context))
    with open(target / "posterior.pkl", "wb") as file:
        pickle.dump(posterior, file)
    return "posterior.pkl"


def whole(estimator, target):
    torch.save(estimator, target / "density_estimator.pt")
    return "density_estimator.pt"


def state_dict(estimator, target):
    save_file(estimator.state_dict(), target / "density_estimator.safetensors")
    return "density_estimator.safetensors"


def numbers(function, values, given):
    try:
        with torch.no_grad():
            return function(values, given)
    finally:
        torch.set_default_dtype(torch.float32)


def write(case, note, save, answers, seed, **settings):
    estimator, loss = trained(seed, **settings)
    theta, data = simulations(rows, seed + 1000)
    z, logdet, log_prob = numbers(lambda x, given: forward_field(estimator, x, given), theta, data)
    # What a user gets: float32, and looser.
    theirs = posterior_of(estimator).log_prob(theta[:1], x=data[:1])
    assert abs(theirs - log_prob[:1]) < 5e-3, (theirs, log_prob[:1])
    z_in = torch.tensor(np.random.RandomState(seed).randn(8, features), dtype=torch.float32)
    back = numbers(lambda values, given: inverse_field(estimator, values, given), z_in, data[:8])
    target = folder / case
    target.mkdir(parents=True, exist_ok=True)
    arrays = {"x": theta, "context": data, "z_f64": z, "logdet_f64": logdet, "log_prob_f64": log_prob}
    arrays |= {"z_in": z_in, "context_in": data[:8], "x_from_z_f64": back}
    np.savez(target / "io.npz", **{name: values.numpy() for name, values in arrays.items()})
    about = {"library": "sbi", "checkpoint": save(estimator, target), "answers": answers, "note": note}
    about |= {"version": sbi.__version__, "torch": torch.__version__, "loss": round(loss, 3)}
    (target / "case.json").write_text(json.dumps(about, indent=2) + "\n")
    print(f"{case}: |z| up to {z.abs().max():.2f}, log-det {logdet.min():.2f} to {logdet.max():.2f}, loss {loss:.3f}")


def npse(seed):
    torch.manual_seed(seed)
    theta, data = simulations(256, seed)
    estimator = build_vector_field_estimator(theta, data, estimator_type="score", hidden_features=2, num_layers=1)
    (folder / "sbi-npse").mkdir(parents=True, exist_ok=True)
    (folder / "sbi-npse" / "density_estimator.pkl").write_bytes(pickle.dumps(estimator))


if __name__ == "__main__":
    torch.set_num_threads(1)
    sines = dict(time_emb_type="sinusoidal")
    waves = dict(time_emb_type="random_fourier", fourier_scale=0.5)
    write("sbi-fmpe", "As posterior_flow_nn makes it.", pickled, {}, 91, **sines)
    write(
        "sbi-fmpe-composed",
        "Standardized around the field, with random Fourier features, SiLU, no skips and no norms.",
        state_dict,
        {"estimator": "FMPE", "activation": "silu", "skipConnections": "false"},
        92,
        **waves | dict(compose_standardization=True, activation=torch.nn.SiLU, skip_connections=False, layer_norm=False),
    )
    write(
        "sbi-fmpe-baseline",
        "The velocity of normal data below the network, and data through an embedding net.",
        whole,
        {},
        93,
        **sines | dict(gaussian_baseline=True, num_layers=1, embedding_net=FCEmbedding(context, 4, num_hiddens=8)),
    )
    npse(94)
