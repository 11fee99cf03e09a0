"""The Real NVP of keras.io's examples, rebuilt: its classes are in no package, so that its structure is written out here."""

from tensorflow_case import in_both, keras_case, saved  # isort: skip, sets the backend

import keras
import numpy as np
from keras import layers

from case import chance, pick

activations = {
    "relu": "relu",
    "tanh": "tanh",
    "elu": "elu",
    "silu": "silu",
    "gelu": "gelu",
    "leaky-relu": lambda x: keras.ops.leaky_relu(x, 0.01),
    "sigmoid": "sigmoid",
    "softplus": "softplus",
}


def network(features, widths, activation):
    """One model of two stacks of Dense layers, that of the shift made first."""
    given = keras.Input(shape=(features,))
    ends = []
    for last in (None, "tanh"):
        h = given
        for width in widths:
            h = layers.Dense(width, activation=activation, kernel_regularizer=keras.regularizers.l2(0.01))(h)
        ends.append(layers.Dense(features, activation=last, kernel_regularizer=keras.regularizers.l2(0.01))(h))
    shift, scale = ends
    return keras.Model(inputs=given, outputs=[scale, shift])


@keras.saving.register_keras_serializable("random")
class RealNVP(keras.Model):
    def __init__(self, masks, widths, activation, **more):
        super().__init__(**more)
        self.masks = np.array(masks, "float32")
        self.widths, self.activation = widths, activation
        self.layers_list = [network(self.masks.shape[1], widths, activations[activation]) for _ in masks]

    def get_config(self):
        return {"masks": self.masks.tolist(), "widths": self.widths, "activation": self.activation}

    def call(self, x, training=True):
        """From data to latent, from the last coupling to the first; the other way where it does not train."""
        logdet = 0
        number = len(self.masks)
        for i in reversed(range(number)) if training else range(number):
            mask = keras.ops.convert_to_tensor(self.masks[i], x.dtype)
            rest = 1 - mask
            kept = x * mask
            s, t = (value * rest for value in self.layers_list[i](kept))
            moved = (x - t) * keras.ops.exp(-s) if training else x * keras.ops.exp(s) + t
            x = rest * moved + kept
            logdet = logdet - keras.ops.sum(s, axis=1)
        return x, logdet


def forward(model, x, _):
    z, logdet = model(x, training=True)
    prior = -0.5 * keras.ops.sum(z**2, axis=1) - 0.5 * z.shape[1] * np.log(2 * np.pi)
    return z, logdet, prior + logdet


def inverse(model, z, _):
    return model(z, training=False)[0]


def masks_of(rng, features, couplings):
    """Alternating, in the order in which features stand or by halves."""
    kind = pick(rng, ["odd", "even", "second-half", "first-half"]) if features > 2 else "odd"
    at = np.arange(features)
    first = {
        "odd": at % 2 == 1,
        "even": at % 2 == 0,
        "second-half": at >= features / 2,
        "first-half": at < features / 2,
    }[kind]
    masks = [(first if i % 2 == 0 else ~first).astype(int).tolist() for i in range(couplings)]
    return masks, {"masks": kind} if features > 2 else {}


def realnvp(rng):
    features = int(rng.integers(2, 8))
    couplings = int(rng.integers(1, 9))
    masks, answers = masks_of(rng, features, couplings)
    widths = [int(rng.integers(4, 64))] * int(rng.integers(1, 6))
    if chance(rng, 0.3):
        widths = [int(rng.integers(4, 64)) for _ in widths]
    activation = pick(rng, list(activations))
    how = pick(rng, ["weights", "whole"])
    trained = chance(rng)

    def build():
        # As in a program of its own, half of the time: names count from the first.
        if chance(rng):
            keras.utils.clear_session()
        model = RealNVP(masks, widths, activation)
        model.build((None, features))
        return model

    models = in_both(build, rng)
    if trained:
        models["float32"].compile(optimizer=keras.optimizers.Adam(1e-4))
        models["float32"].optimizer.build(models["float32"].trainable_variables)
    return keras_case(
        rng,
        models,
        features=features,
        forward=forward,
        inverse=inverse,
        library="keras",
        save=saved(models["float32"], "realnvp", how),
        answers={"activation": activation, **answers},
        settings={"features": features, "masks": masks, "widths": widths, "saved": how, "optimizer": trained},
    )


kinds = {"keras-realnvp": realnvp}
