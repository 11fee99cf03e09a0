"""Flows of flowjax: leaves in their order, with the arguments next to them in one of the ways in which people keep them."""

import json
from functools import partial

from jax_case import in_precision, is_real, jax_case, random_leaves  # isort: skip, sets how JAX compiles

import equinox as eqx
import jax
import jax.nn as jnn
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from flowjax import bijections, distributions, flows
from paramax import unwrap

from case import LATENTS, ROWS, chance, pick

activations = {
    "relu": jnn.relu,
    "leaky-relu": jnn.leaky_relu,
    "tanh": jnn.tanh,
    "elu": jnn.elu,
    "silu": jnn.silu,
    "hard-silu": jnn.hard_silu,
    "mish": jnn.mish,
    "selu": jnn.selu,
    "sigmoid": jnn.sigmoid,
    "softplus": jnn.softplus,
}


def saved(flow, arguments, how):
    """The leaves with the arguments in a file of their own, in a first line of JSON, or without any."""

    def write(folder):
        text = json.dumps(arguments)
        with open(folder / "flow.eqx", "wb") as file:
            if how == "line":
                file.write((text + "\n").encode())
            eqx.tree_serialise_leaves(file, flow)
        if how in ("flow_kwargs.json", "flow.json"):
            (folder / how).write_text(text)
        return "flow.eqx"

    return write


def forward(flow, x, context):
    bijection = unwrap(flow).bijection
    if context is None:
        z, logdet = jax.vmap(bijection.inverse_and_log_det)(x)
    else:
        z, logdet = jax.vmap(bijection.inverse_and_log_det)(x, context)
    return z, logdet, flow.base_dist.log_prob(z) + logdet


def inverse(flow, z, context):
    bijection = unwrap(flow).bijection
    return jax.vmap(bijection.transform)(z) if context is None else jax.vmap(bijection.transform)(z, context)


def concrete(function):
    """What flowjax keeps in a closure has to have values where its making is compiled."""

    def wrapped(*given, **named):
        with jax.ensure_compile_time_eval():
            return function(*given, **named)

    return wrapped


for module in (bijections.coupling, bijections.masked_autoregressive):
    module.get_ravelled_pytree_constructor = concrete(module.get_ravelled_pytree_constructor)
flows._affine_with_min_scale = concrete(flows._affine_with_min_scale)


def in_both(build, rng, base=None):
    """A flow of random weights as it is made in both precisions, and the one that is saved; a box is as large as what it holds."""
    models = {}
    values = None
    for precision in ("float32", "float64"):
        with in_precision(precision):
            # Making all of it takes longer than what the weights do not say.
            rest = eqx.filter_jit(lambda: eqx.filter(build(), is_real, inverse=True))()
            shapes = eqx.filter_eval_shape(build)
            if values is None:
                values = random_leaves(shapes, rng)
                if base == "Uniform":
                    first, second = [i for i, value in enumerate(values) if value is not None][:2]
                    values[first], values[second] = values[first] - 40, values[second] + 90
            leaves, structure = jax.tree.flatten(eqx.filter(shapes, is_real))
            reals = [np.float32(value) for value in values if value is not None]
            reals = [jnp.asarray(value, like.dtype) for value, like in zip(reals, leaves, strict=True)]
            models[precision] = eqx.combine(jax.tree.unflatten(structure, reals), rest)
    return models, models["float64" if chance(rng, 0.3) else "float32"]


def flow_case(rng, flow, models, settings, arguments, answers=None, refusal=None):
    """`answers` are to what no leaf shows; where arguments stand next to the leaves, they say most of it."""
    how = pick(rng, ["flow_kwargs.json", "flow.json", "line", "none"])
    if how == "none" and not settings["shown"]:
        how = "line"
    # An activation is a function, which people save by its name, or not at all.
    if how != "none":
        named = chance(rng)
        if named and answers:
            arguments = {**arguments, "nn_activation": activations[answers["nnActivation"]].__name__}
        answers = {} if named or not answers else {"nnActivation": answers["nnActivation"]}
    return jax_case(
        rng,
        features=settings["features"],
        context=settings["context"],
        forward=lambda precision: partial(forward, models[precision]),
        inverse=lambda precision: partial(inverse, models[precision]),
        library="flowjax",
        save=saved(flow, arguments, how),
        answers=answers or {},
        settings={**settings, **arguments, "saved": how},
        refusal=refusal,
    )


spline = "rational_quadratic_spline"


def sizes(rng, least=1):
    return {
        "features": int(rng.integers(least, 8)),
        "context": int(rng.integers(1, 5)) if chance(rng, 0.4) else None,
    }


def transformer(rng, name):
    """The transformer, as a function that makes it, with its arguments and the answers to what leaves do not show of it."""
    if name == "none":
        return lambda: None, {}, {"transformer": "none"}
    if name == "affine":
        return bijections.Affine, {"transformer": "affine"}, {"transformer": "affine"}
    given = {"knots": int(rng.integers(1, 12)), "interval": pick(rng, [2, 3.5, 5, 8, (-3, 5.0)])}
    ends = given["interval"]
    answers = {"interval": f"{ends[0]}, {ends[1]}" if isinstance(ends, tuple) else ends}
    for key, answer, value in [("min_derivative", "minDerivative", 1e-2), ("min_width", "minWidth", 1e-2)]:
        if chance(rng, 0.2):
            given[key] = value
            answers[answer] = value
    return lambda: bijections.RationalQuadraticSpline(**given), {"transformer": spline, **given}, answers


def base(rng, features):
    name = pick(rng, ["Normal", "Normal", "Normal", "StandardNormal", "Uniform"])
    if name == "StandardNormal":
        return lambda: distributions.StandardNormal((features,)), name
    if name == "Uniform":
        return lambda: distributions.Uniform(-jnp.ones(features), jnp.ones(features)), name
    low, high = rng.uniform(-1, 1, features), rng.uniform(0.5, 2, features)
    return lambda: distributions.Normal(jnp.asarray(low), jnp.asarray(high)), name


def made_of(rng, make, settings, name):
    """Arguments, a function that makes the flow, and answers."""
    features, context = settings["features"], settings["context"]
    make_transformer, given, answers = transformer(rng, name)
    make_base, base_name = base(rng, features)
    network = {
        "flow_layers": int(rng.integers(1, 6)),
        "nn_width": int(rng.integers(4, 40)),
        "nn_depth": int(rng.integers(0, 4)),
    }
    activation = pick(rng, list(activations))
    answers |= {"nnActivation": activation}
    invert = chance(rng, 0.9 if name == "rqs" else 0.6)
    if not invert:
        answers["invert"] = "false"
    key = int(rng.integers(2**31))

    def build():
        return make(
            jr.key(key),
            base_dist=make_base(),
            transformer=concrete(make_transformer)(),
            cond_dim=context,
            **network,
            nn_activation=activations[activation],
            invert=invert,
        )

    # No leaf shows the number of features of a coupling flow without trained base and permutations.
    settings["shown"] = (base_name != "StandardNormal" or features > 2 or make is not flows.coupling_flow)
    arguments = {"flow_type": make.__name__, "dim": features, "cond_dim": context, **network, **given}
    if not invert or chance(rng):
        arguments["invert"] = invert
    if base_name == "Uniform":
        arguments["base_dist"] = answers["base"] = base_name
    return build, {**settings, "base": base_name}, arguments, answers


transformers = ["none", "affine", "rqs", "rqs"]


def flow(make):
    def kind(rng):
        settings = sizes(rng)
        build, settings, arguments, answers = made_of(rng, make, settings, pick(rng, transformers))
        refusal = None
        if settings["features"] == 1:
            refusal = "two features or more"
        elif arguments["nn_depth"] == 0:
            refusal = "networks with a hidden layer"
        models, flow = in_both(build, rng, settings["base"])
        return flow_case(rng, flow, models, settings, arguments, answers, refusal)

    return kind


def network_of(context):
    return {"width_size": 8, "depth": 1} if context else {}


others = {
    "planar_flow": lambda rng, context: {"negative_slope": pick(rng, [None, 0.1]), **network_of(context)},
    "triangular_spline_flow": lambda rng, context: {"knots": int(rng.integers(2, 9))},
    "block_neural_autoregressive_flow": lambda rng, context: {"nn_block_dim": int(rng.integers(2, 9))},
}


def other(rng):
    """Flows of other kinds, which ours are not."""
    name = pick(rng, list(others))
    settings = {**sizes(rng, 2), "shown": True}
    given = {"flow_layers": int(rng.integers(1, 4)), **others[name](rng, settings["context"])}
    base_dist = distributions.Normal(jnp.zeros(settings["features"]))
    key = jr.key(int(rng.integers(2**31)))
    flow = getattr(flows, name)(key, base_dist=base_dist, cond_dim=settings["context"], **given)
    arguments = {"flow_type": name, "dim": settings["features"], **given}
    return flow_case(rng, flow, {}, settings, arguments, refusal="It looks like a .*flow of flowjax|Closest is flowjax.* It lacks")


kinds = {
    "flowjax-coupling": flow(flows.coupling_flow),
    "flowjax-maf": flow(flows.masked_autoregressive_flow),
    "flowjax-other": other,
}
