"""Density estimators of sbi: as posteriors, as they are, and as state dicts."""

import copy
import pickle

import numpy as np
import torch
from sbi.inference.posteriors import DirectPosterior
from sbi.inference.posteriors.vector_field_posterior import VectorFieldPosterior
from sbi.neural_nets import posterior_nn
from sbi.neural_nets.embedding_nets import FCEmbedding
from sbi.neural_nets.net_builders.vector_field_nets import build_vector_field_estimator
from sbi.samplers.ode_solvers import build_neural_ode
from sbi.utils import BoxUniform

from case import chance, pick
from torch_case import shake, torch_case


def forward_nflows(estimator, x, context):
    net = estimator.net
    z, logdet = net._transform(x, context=net._embedding_net(context))
    return z, logdet, estimator.log_prob(x[None], context)[0]


def inverse_nflows(estimator, z, context):
    net = estimator.net
    return net._transform.inverse(z, context=net._embedding_net(context))[0]


def forward_zuko(estimator, x, context):
    flow = estimator.net(estimator.embedding_net(context))
    z, logdet = flow.transform.call_and_ladj(x)
    return z, logdet, estimator.log_prob(x[None], context)[0]


def inverse_zuko(estimator, z, context):
    return estimator.net(estimator.embedding_net(context)).transform.inv(z)


def solved(estimator, context):
    """sbi's own density, by tolerances that its default does not have and in float64, where steps can be small enough."""
    torch.set_default_dtype(torch.float64)
    field = copy.deepcopy(estimator).double()
    times = dict(t_min=field.t_min, t_max=field.t_max, atol=1e-10, rtol=1e-10)
    ode = build_neural_ode(field.ode_fn, field.net, field.mean_base, field.std_base, field.condition_shape, **times)
    return field, ode(context.double())


def forward_field(estimator, x, context):
    field, flow = solved(estimator, context)
    theta = field.to_z(x.double()) if field.compose_enabled else x.double()
    inside = -field.log_abs_det() if field.compose_enabled else 0
    z, logdet = flow.transform.call_and_ladj(theta)
    return z, logdet + inside, flow.log_prob(theta) + inside


def inverse_field(estimator, z, context):
    field, flow = solved(estimator, context)
    theta = flow.transform.inv(z.double())
    return field.from_z(theta) if field.compose_enabled else theta


def saver(rng, how, estimator, features, context, posterior_of=DirectPosterior):
    def save(folder):
        if how == "state":
            torch.save(estimator.state_dict(), folder / "density_estimator_state.pt")
            return "density_estimator_state.pt"
        if how == "estimator":
            torch.save(estimator, folder / "density_estimator.pt")
            return "density_estimator.pt"
        prior = BoxUniform(-5 * torch.ones(features), 5 * torch.ones(features))
        posterior = posterior_of(estimator, prior)
        if chance(rng):
            posterior.set_default_x(torch.zeros(1, context))
        if how == "pickled":
            with open(folder / "posterior.pkl", "wb") as file:
                pickle.dump(posterior, file)
            return "posterior.pkl"
        torch.save(posterior, folder / "posterior.pt")
        return "posterior.pt"

    return save


def embedding_of(rng, context):
    width = int(rng.integers(2, 9))
    return pick(
        rng,
        [
            FCEmbedding(context, width, num_layers=int(rng.integers(2, 4)), num_hiddens=int(rng.integers(4, 20))),
            torch.nn.Linear(context, width),
            torch.nn.Sequential(torch.nn.Linear(context, 12), torch.nn.ReLU(), torch.nn.Linear(12, width)),
        ],
    )


def rows_of(rng, count):
    return torch.tensor(rng.normal(rng.normal(0, 2, count), rng.uniform(0.3, 2, count), (200, count)))


def of(model):
    def make(rng):
        features, context = int(rng.integers(2, 7)), int(rng.integers(1, 6))
        settings = dict(
            hidden_features=int(rng.integers(features, 40)),
            num_transforms=int(rng.integers(1, 6)),
            z_score_theta=pick(rng, ["independent", "independent", "structured", "none"]),
            z_score_x=pick(rng, ["independent", "independent", "structured", "none"]),
        )
        # Structured statistics are taken over a row, of which one number has none.
        if context == 1 and settings["z_score_x"] == "structured":
            settings["z_score_x"] = "independent"
        if model in ("nsf", "maf_rqs"):
            settings |= dict(num_bins=int(rng.integers(3, 12)), tail_bound=float(pick(rng, [3.0, 3.0, 5.0])))
        if model in ("nsf", "maf", "maf_rqs"):
            settings |= dict(num_blocks=int(rng.integers(1, 4)), use_batch_norm=chance(rng, 0.15))
        if model == "zuko_nsf":
            settings |= dict(num_bins=int(rng.integers(3, 12)))
        if model == "zuko_maf":
            settings |= dict(randperm=chance(rng))
        if model.startswith("zuko"):
            settings["num_transforms"] = int(rng.integers(1, 4))
        if chance(rng, 0.3):
            settings["embedding_net"] = embedding_of(rng, context)
        theta, data = rows_of(rng, features), rows_of(rng, context)
        estimator = posterior_nn(model=model, **settings)(theta.float(), data.float())
        rows = np.asarray(theta[:48])
        how = pick(rng, ["state", "estimator", "posterior", "pickled"])
        answers = {}
        if how == "state":
            standardized = settings["z_score_theta"] != "none" or settings["z_score_x"] != "none"
            if model in ("maf", "maf_rqs"):
                answers["activation"] = "tanh"
            if model in ("nsf", "maf_rqs"):
                answers |= {"tailBound": settings["tail_bound"], "splineKind": "rational-quadratic"}
            if model == "zuko_nsf":
                answers["univariate"] = "MonotonicRQSTransform"
            if standardized and model in ("maf", "maf_rqs"):
                # The defaults of sbi.
                answers = {key: value for key, value in answers.items() if key != "activation"}
        zuko = model.startswith("zuko")
        case = torch_case(
            shake(estimator, rng),
            rng,
            shape=(features,),
            context=context,
            forward=forward_zuko if zuko else forward_nflows,
            inverse=inverse_zuko if zuko else inverse_nflows,
            x=rows,
            library="zuko" if zuko else "nflows",
            save=saver(rng, how, estimator, features, context),
            answers=answers,
            settings={"features": features, "context": context, "saved": how, **settings},
        )
        case.context = np.asarray(data[:48], dtype=np.float32)
        return case

    return make


# With others, such as Tanh, sbi itself has no density: what it adds in place changes what their gradients need.
activations = {"gelu": torch.nn.GELU, "silu": torch.nn.SiLU, "elu": torch.nn.ELU}


def field(rng):
    """FMPE. Steps of a fixed length do not keep their order across kinks, nor do they follow fast waves."""
    features, context = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    activation = pick(rng, ["gelu", "gelu", *activations])
    composed = chance(rng, 0.3)
    settings = dict(
        hidden_features=int(rng.integers(4, 30)),
        num_layers=int(rng.integers(1, 4)),
        time_embedding_dim=2 * int(rng.integers(1, 8)),
        time_emb_type=pick(rng, ["sinusoidal", "random_fourier"]),
        fourier_scale=0.3,
        z_score_x=pick(rng, ["independent", "structured", "none"] if features > 1 else ["independent", "none"]),
        z_score_y=pick(rng, ["independent", "structured", "none"] if context > 1 else ["independent", "none"]),
        layer_norm=chance(rng, 0.7),
        skip_connections=chance(rng, 0.7),
        gaussian_baseline=not composed and chance(rng, 0.3),
        compose_standardization=composed,
        activation=activations[activation],
    )
    if chance(rng, 0.3):
        settings["embedding_net"] = embedding_of(rng, context)
    theta, data = rows_of(rng, features), rows_of(rng, context)
    estimator = build_vector_field_estimator(theta.float(), data.float(), **settings)
    how = pick(rng, ["state", "estimator", "posterior", "pickled"])
    answers = {"steps": 8}
    if how == "state":
        answers |= {
            "estimator": "FMPE",
            "activation": activation,
            "skipConnections": str(settings["skip_connections"]).lower(),
            "gaussianBaseline": str(settings["gaussian_baseline"]).lower(),
        }
    case = torch_case(
        shake(estimator, rng),
        rng,
        shape=(features,),
        context=context,
        forward=forward_field,
        inverse=inverse_field,
        x=np.asarray(theta[:48]),
        library="sbi",
        save=saver(rng, how, estimator, features, context, VectorFieldPosterior),
        answers=answers,
        settings={"features": features, "context": context, "saved": how, **settings},
    )
    case.context = np.asarray(data[:48], dtype=np.float32)
    return case


def score(rng):
    """NPSE, which leaves the names of FMPE."""
    theta, data = rows_of(rng, 2), rows_of(rng, 3)
    how = dict(estimator_type="score", sde_type=pick(rng, ["ve", "vp", "subvp"]), hidden_features=8, num_layers=2)
    estimator = build_vector_field_estimator(theta.float(), data.float(), **how)
    saved = pick(rng, ["state", "estimator", "posterior", "pickled"])
    return torch_case(
        estimator,
        rng,
        shape=(2,),
        context=3,
        forward=None,
        inverse=None,
        library="sbi",
        save=saver(rng, saved, estimator, 2, 3, VectorFieldPosterior),
        answers={"estimator": "NPSE"} if saved == "state" else {},
        refusal="NPSE.*flowscope\\.record\\(posterior",
        settings={"saved": saved, **how},
    )


kinds = {
    f"sbi-{model.replace('_', '-')}": of(model)
    for model in ("maf", "maf_rqs", "nsf", "zuko_maf", "zuko_nsf", "zuko_nice")
}
kinds |= {"sbi-fmpe": field, "sbi-npse": score}
