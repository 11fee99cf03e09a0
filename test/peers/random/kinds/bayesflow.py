"""Approximators of BayesFlow with a CouplingFlow, as `approximator.save` and `save_weights` write them."""

from tensorflow_case import in_both, keras_case, saved  # isort: skip, sets the backend

import bayesflow as bf
import keras
import numpy as np

from case import chance, pick

activations = [
    "hard_silu",
    "silu",
    "swish",
    "relu",
    "leaky_relu",
    "tanh",
    "elu",
    "gelu",
    "mish",
    "selu",
    "sigmoid",
    "softplus",
]


def standardize(model, key, values, **more):
    return model.standardizer.maybe_standardize(values, key=key, stage="inference", **more)


def base_log_prob(base, z):
    """It keeps its numbers in float32, which TensorFlow does not mix with others."""
    for name in ("_mean", "_std", "_loc", "_scale"):
        if hasattr(base, name):
            setattr(base, name, keras.ops.cast(getattr(base, name), z.dtype))
    return base.log_prob(z)


def forward(model, x, context):
    own, scaled = standardize(model, "inference_variables", x, log_det_jac=True)
    conditions = standardize(model, "inference_conditions", context)
    network = model.inference_network
    z, logdet = own, keras.ops.zeros(own.shape[:1], own.dtype) + scaled
    for layer in network.invertible_layers:
        z, more = layer(z, conditions=conditions, inverse=False, training=False)
        logdet = logdet + more
    return z, logdet, base_log_prob(network.base_distribution, z) + logdet


def inverse(model, z, context):
    conditions = standardize(model, "inference_conditions", context)
    for layer in reversed(model.inference_network.invertible_layers):
        z, _ = layer(z, conditions=conditions, inverse=True, training=False)
    return standardize(model, "inference_variables", z, forward=False)


def subnet(rng):
    widths = [int(rng.integers(4, 40))] * int(rng.integers(1, 4))
    given = {"widths": widths}
    if chance(rng, 0.7):
        given["activation"] = pick(rng, activations)
    if chance(rng, 0.4):
        given["residual"] = chance(rng)
    if chance(rng, 0.3):
        given["norm"] = pick(rng, ["batch", "layer", "rms"])
    if chance(rng, 0.3):
        given["dropout"] = pick(rng, [None, 0.1])
    if chance(rng, 0.3):
        given["widths"] = [int(rng.integers(4, 40)) for _ in widths]
    return given


def spline(rng):
    if chance(rng, 0.3):
        return None
    given = {"bins": int(rng.integers(2, 14))}
    if chance(rng, 0.4):
        given["default_domain"] = (-4.0, 3.5, -5.0, 4.0)
    if chance(rng, 0.3):
        given |= {"min_width": 0.5, "min_height": 2.0, "min_bin_width": 0.05, "min_bin_height": 0.2}
    return given


def base(rng):
    """As settings, so that each model makes its own."""
    kind = pick(rng, [*["usual"] * 4, "normal", "normal", "trained normal", "trained normal", "student_t", "wide student"])
    made = {
        "usual": lambda: {},
        "normal": lambda: {"base_distribution": bf.distributions.DiagonalNormal(mean=0.5, std=1.5)},
        "trained normal": lambda: {"base_distribution": bf.distributions.DiagonalNormal(trainable_parameters=True)},
        "student_t": lambda: {"base_distribution": "student_t"},
        "wide student": lambda: {"base_distribution": bf.distributions.DiagonalStudentT(df=4, loc=0.2, scale=1.2)},
    }
    return kind, made[kind]


def statistics(models, rng):
    """What the standardization would have seen."""
    for key, layer in models["float32"].standardizer.standardize_layers.items():
        size = layer.moving_mean[0].shape[0]
        mean, deviation, count = rng.normal(0, 1, size), rng.uniform(0.3, 2, size), float(rng.integers(50, 5000))
        for model in models.values():
            own = model.standardizer.standardize_layers[key]
            own.moving_mean[0].assign(mean.astype(np.float32))
            own.moving_m2[0].assign((deviation**2 * count).astype(np.float32))
            own.count[0].assign(count)


def flow(transform):
    def kind(rng):
        features = int(rng.integers(2, 7))
        context = int(rng.integers(1, 5)) if chance(rng, 0.6) else None
        settings = {
            "depth": int(rng.integers(1, 5)),
            "transform": transform,
            "permutation": pick(rng, ["random", "random", "swap", "orthogonal", None]),
            "use_actnorm": chance(rng, 0.7),
            "subnet_kwargs": subnet(rng),
            "transform_kwargs": spline(rng) if transform == "spline" else None,
        }
        base_kind, make_base = base(rng)
        both = ["inference_variables", *(["inference_conditions"] if context else [])]
        which = pick(rng, ["usual", "all", "none", "both"])
        given = {"usual": {}, "all": {"standardize": "all"}, "none": {"standardize": None}, "both": {"standardize": both}}
        adapter = bf.Adapter().convert_dtype("float64", "float32").rename("theta", "inference_variables")
        shapes = {"inference_variables": (None, features)}
        if context:
            adapter = adapter.rename("y", "inference_conditions")
            shapes["inference_conditions"] = (None, context)

        def build():
            model = bf.ContinuousApproximator(
                inference_network=bf.networks.CouplingFlow(**settings, **make_base()),
                adapter=adapter,
                **given[which],
            )
            model.build(shapes)
            return model

        models = in_both(build, rng)
        statistics(models, rng)
        how = "weights" if chance(rng, 0.1) else "whole"
        refusal = None
        if how == "weights":
            refusal = "config.json, which a file of weights does not hold"
        elif "student" in base_kind:
            # Not independent in its features.
            refusal = "a base distribution DiagonalNormal"
        return keras_case(
            rng,
            models,
            features=features,
            context=context,
            forward=forward,
            inverse=inverse,
            library="bayesflow",
            save=saved(models["float32"], "approximator", how),
            settings={"features": features, **settings, "base": base_kind, "standardize": which, "saved": how},
            refusal=refusal,
        )

    return kind


kinds = {"bayesflow-affine": flow("affine"), "bayesflow-spline": flow("spline")}
