"""Density estimators of sbi: as posteriors, as they are, and as state dicts."""

import pickle

import numpy as np
import torch
from sbi.inference.posteriors import DirectPosterior
from sbi.neural_nets import posterior_nn
from sbi.neural_nets.embedding_nets import FCEmbedding
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


def saver(rng, how, estimator, features, context):
    def save(folder):
        if how == "state":
            torch.save(estimator.state_dict(), folder / "density_estimator_state.pt")
            return "density_estimator_state.pt"
        if how == "estimator":
            torch.save(estimator, folder / "density_estimator.pt")
            return "density_estimator.pt"
        prior = BoxUniform(-5 * torch.ones(features), 5 * torch.ones(features))
        posterior = DirectPosterior(estimator, prior)
        if chance(rng):
            posterior.set_default_x(torch.zeros(1, context))
        if how == "pickled":
            with open(folder / "posterior.pkl", "wb") as file:
                pickle.dump(posterior, file)
            return "posterior.pkl"
        torch.save(posterior, folder / "posterior.pt")
        return "posterior.pt"

    return save


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
        embedding = None
        if chance(rng, 0.3):
            width = int(rng.integers(2, 9))
            embedding = pick(
                rng,
                [
                    FCEmbedding(context, width, num_layers=int(rng.integers(2, 4)), num_hiddens=int(rng.integers(4, 20))),
                    torch.nn.Linear(context, width),
                    torch.nn.Sequential(torch.nn.Linear(context, 12), torch.nn.ReLU(), torch.nn.Linear(12, width)),
                ],
            )
            settings["embedding_net"] = embedding
        theta = torch.tensor(rng.normal(rng.normal(0, 2, features), rng.uniform(0.3, 2, features), (200, features)))
        data = torch.tensor(rng.normal(rng.normal(0, 2, context), rng.uniform(0.3, 2, context), (200, context)))
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


kinds = {
    f"sbi-{model.replace('_', '-')}": of(model)
    for model in ("maf", "maf_rqs", "nsf", "zuko_maf", "zuko_nsf", "zuko_nice")
}
