"""Flows of pzflow: what its `save` writes, and the dictionary that older versions wrote."""

import pickle
from functools import partial

from jax_case import in_precision, is_real, jax_case, random_leaves  # isort: skip, sets how JAX compiles

import jax
import jax.numpy as jnp
import numpy as np
from pzflow import Flow, bijectors, distributions
from pzflow.utils import build_bijector_from_info

from case import LATENTS, ROWS, chance, pick


def errors(key, values, deviations, count):
    """An error model of a user's own, which the pickle has by its name."""
    return jnp.repeat(values[:, None, :], count, axis=1)


def rebuilt(flow, features, precision):
    """Its bijector and latent distribution with numbers of this precision, as `from_file` makes them."""

    def cast(leaf):
        return jnp.asarray(leaf, precision) if isinstance(leaf, jax.Array | np.ndarray) and is_real(leaf) else leaf

    def info(given):
        name, arguments = given
        if name == "Chain":
            return name, tuple(info(one) for one in arguments)
        # It takes arrays of float32 alone.
        if name == "Scale":
            return name, tuple(float(value) for value in arguments)
        return name, tuple(cast(value) for value in arguments)

    state = flow.__getstate__()
    with in_precision(precision):
        init, _ = build_bijector_from_info(info(state["bijector_info"]))
        _, forward, inverse = init(jax.random.PRNGKey(0), features)
        name, arguments = state["latent_info"]
        latent = getattr(distributions, name)(*arguments)
        params = jax.tree.map(cast, flow._params)
        scaling = [cast(state[key]) for key in ("condition_means", "condition_stds")]
    return forward, inverse, latent, params, scaling


def conditions_of(context, scaling, rows):
    return jnp.zeros((rows, 1)) if context is None else (context - scaling[0]) / scaling[1]


def forward(parts, uncounted, x, context):
    run, _, latent, params, scaling = parts
    z, logdet = run(params[1], x, conditions=conditions_of(context, scaling, len(x)))
    logdet = logdet + uncounted
    return z, logdet, latent.log_prob(params[0], z) + logdet


def inverse(parts, z, context):
    _, run, _, params, scaling = parts
    return run(params[1], z, conditions=conditions_of(context, scaling, len(z)))[0]


def saved(flow, how):
    def write(folder):
        if how == "object":
            flow.save(str(folder / "flow.pzflow.pkl"))
        else:
            (folder / "flow.pzflow.pkl").write_bytes(pickle.dumps(flow.__getstate__(), protocol=4))
        return "flow.pzflow.pkl"

    return write


def flow_case(rng, features, context, bijector, latent, settings, refusal=None, **drawn):
    # pzflow counts the log-det of bounds that all features share once, and not for each.
    uncounted = (features - 1) * np.log(settings["B"] / 25) if settings.get("front") == "shared bounds" else 0.0
    columns = [f"mag_{i}" for i in range(features)]
    given = {}
    if context:
        given = {"conditional_columns": [f"true_{i}" for i in range(context)], "autoscale_conditions": chance(rng, 0.8)}
    if chance(rng, 0.2):
        given |= {"data_error_model": errors, "condition_error_model": errors}
    info = pick(rng, [None, "galaxies", {"survey": "LSST", "depth": 24.5, "columns": ["u", "g"]}])
    flow = Flow(columns, bijector, latent=latent, info=info, **given)
    if context and given["autoscale_conditions"]:
        flow._condition_means = jnp.asarray(rng.normal(0, 1, context), "float32")
        flow._condition_stds = jnp.asarray(rng.uniform(0.5, 2, context), "float32")
    weights = flow._params[1]
    values = [jnp.asarray(value, "float32") for value in random_leaves(weights, rng, 0.7)]
    # After training, numbers of a distribution are arrays too.
    numbers = jax.tree.map(jnp.float32, flow._params[0]) if chance(rng) else flow._params[0]
    flow._params = (numbers, jax.tree.unflatten(jax.tree.structure(weights), values))
    parts = {} if refusal else {precision: rebuilt(flow, features, precision) for precision in ("float32", "float64")}
    how = pick(rng, ["object", "dictionary"])
    return jax_case(
        rng,
        features=features,
        context=context or None,
        forward=lambda precision: partial(forward, parts[precision], uncounted),
        inverse=lambda precision: partial(inverse, parts[precision]),
        library="pzflow",
        save=saved(flow, how),
        settings={**settings, "latent": latent.info, "saved": how},
        refusal=refusal,
        **drawn,
    )


def sizes(rng, least=2):
    return int(rng.integers(least, 8)), int(rng.integers(1, 5)) if chance(rng, 0.4) else 0


def spline(rng, features, context):
    """Arguments of couplings of splines."""
    given = {
        "K": int(rng.integers(2, 17)),
        "B": pick(rng, [3.0, 4, 5, 5]),
        "hidden_layers": int(rng.integers(1, 4)),
        "hidden_dim": int(rng.integers(4, 40)),
        "n_conditions": context,
    }
    if chance(rng, 0.3):
        given["transformed_dim"] = int(rng.integers(1, features))
    return given


def latent_of(rng, features, bound):
    """Of the kinds that do not learn."""
    kind = pick(rng, ["CentBeta13", "CentBeta13", "Uniform", "Normal"])
    made = getattr(distributions, kind)
    return made(features) if kind == "Normal" else made(features, bound)


def inside(rng, features, bound):
    """Latents in the box, with margins, outside of which the densities of boxes are 0."""
    return rng.uniform(-0.9, 0.9, (LATENTS, features)) * bound


def front(rng, features, bound):
    """What brings data to the box: the bijectors, data, and names."""
    low, high = rng.uniform(-20, 0, features), rng.uniform(5, 30, features)
    x = low + (high - low) * rng.uniform(0.05, 0.95, (ROWS, features))
    kind = pick(rng, ["bounds", "bounds", "shared bounds", "scaler", "scale", "none"])
    if kind == "bounds":
        return [bijectors.ShiftBounds(jnp.asarray(low, "float32"), jnp.asarray(high, "float32"), bound)], x, kind
    if kind == "shared bounds":
        return [bijectors.ShiftBounds(-20.0, 30.0, bound)], x, kind
    if kind == "scaler":
        mean, std = ((high + low) / 2).astype("float32"), ((high - low) / 6).astype("float32")
        return [bijectors.StandardScaler(pick(rng, [jnp.asarray, np.asarray])(mean), jnp.asarray(std))], x, kind
    if kind == "scale":
        return [bijectors.Scale(float(bound) / 31)], x, kind
    return [], rng.uniform(-0.95, 0.95, (ROWS, features)) * bound, kind


def between(rng, features):
    return pick(rng, [bijectors.Roll(1), bijectors.Roll(-2), bijectors.Roll(features + 1), bijectors.Reverse()])


def rolling(rng):
    """As the default: bounds, then couplings and rolls."""
    features, context = sizes(rng)
    given = spline(rng, features, context)
    parts, x, kind = front(rng, features, given["B"])
    rolls = {"nlayers": int(rng.integers(1, features + 1)), "shift": int(rng.integers(1, 3))}
    chain = bijectors.Chain(*parts, bijectors.RollingSplineCoupling(**rolls, **given))
    settings = {"front": kind, **rolls, **given}
    latent = latent_of(rng, features, given["B"])
    return flow_case(rng, features, context, chain, latent, settings, x=x, z_in=inside(rng, features, given["B"]))


def composed(rng):
    """Bijectors in any order, also chains in chains."""
    features, context = sizes(rng)
    given = spline(rng, features, context)
    parts, x, kind = front(rng, features, given["B"])
    settings = {"front": kind, **given}
    if chance(rng) and features > 2:
        count = int(rng.integers(2, features + 1))
        magnitudes = [int(i) for i in rng.permutation(features)[:count]]
        reference = pick(rng, [i for i in magnitudes if i > 0])
        parts.insert(0, bijectors.ColorTransform(reference, pick(rng, [list, tuple, jnp.array])(magnitudes)))
        settings["colors"] = [reference, magnitudes]
    couplings = []
    for _ in range(int(rng.integers(1, 4))):
        own = dict(given)
        if chance(rng, 0.2) and context:
            own["n_conditions"] = int(rng.integers(0, context))
        couplings += [bijectors.NeuralSplineCoupling(**own), between(rng, features)]
    chain = bijectors.Chain(*parts, bijectors.Chain(*couplings)) if chance(rng) else bijectors.Chain(*parts, *couplings)
    latent = latent_of(rng, features, given["B"])
    if latent.info[0] != "Normal" and settings.get("colors"):
        latent = distributions.Normal(features)
    return flow_case(rng, features, context, chain, latent, settings, x=x, z_in=inside(rng, features, given["B"]))


def periodic(rng):
    """Circular splines, at points in their interval: the library takes others to places that have no way back."""
    features, context = sizes(rng)
    given = {**spline(rng, features, context), "periodic": True}
    chain = bijectors.RollingSplineCoupling(int(rng.integers(1, features + 1)), **given)
    bound = given["B"]
    return flow_case(
        rng,
        features,
        context,
        chain,
        distributions.Uniform(features, bound),
        given,
        x=rng.uniform(-0.95, 0.95, (ROWS, features)) * bound,
        z_in=inside(rng, features, bound),
    )


def joint(features, bound):
    return distributions.Joint(distributions.Uniform(1, bound), distributions.Normal(features - 1))


others = {
    "Shuffle": lambda: bijectors.Shuffle(),
    "UniformDequantizer": lambda: bijectors.UniformDequantizer([0]),
    "Beta13Dequantizer": lambda: bijectors.Beta13Dequantizer([0]),
    "InvSoftplus": lambda: bijectors.InvSoftplus(0),
    "Tdist": lambda features, bound: distributions.Tdist(features),
    "CentBeta": distributions.CentBeta,
    "Joint": joint,
}


def other(rng):
    """What ours has not: bijectors and latent distributions."""
    features, context = sizes(rng)
    given = spline(rng, features, context)
    name = pick(rng, list(others))
    is_bijector = name in vars(bijectors)
    parts = [others[name]()] if is_bijector else []
    latent = (distributions.CentBeta13 if is_bijector else others[name])(features, given["B"])
    chain = bijectors.Chain(*parts, bijectors.RollingSplineCoupling(features, **given))
    settings = {"other": name, **given}
    return flow_case(rng, features, context, chain, latent, settings, refusal=f"Closest is pzflow.* It lacks.*{name}")


kinds = {
    "pzflow-rolling": rolling,
    "pzflow-composed": composed,
    "pzflow-periodic": periodic,
    "pzflow-other": other,
}
