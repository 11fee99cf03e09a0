"""Where a training step's time goes on TensorFlow: python profile_step.py FOLDER THREADS, after dump-step.ts.

Prints JSON: the milliseconds of whole steps, and for each kind of kernel the milliseconds and calls of one step. Kernels
that run at the same time each count in full, so that their sum is more than a step.
"""

import collections
import json
import os
import sys
import time

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

STEPS, TRACED = 5, 3
ADAM = {"learningRate": 1e-3, "beta1Power": 0.9, "beta2Power": 0.999}

folder, threads = sys.argv[1], int(sys.argv[2])
v1 = tf.compat.v1
with open(os.path.join(folder, "step.json")) as file:
    step = json.load(file)
from tensorflow.core.protobuf import saved_model_pb2  # noqa: E402

model = saved_model_pb2.SavedModel()
with open(os.path.join(folder, "saved_model.pb"), "rb") as file:
    model.ParseFromString(file.read())
graph = tf.Graph()
with graph.as_default():
    v1.import_graph_def(model.meta_graphs[0].graph_def, name="")
options = v1.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
session = v1.Session(graph=graph, config=options)
for vector in step["assignments"]:
    values = np.fromfile(os.path.join(folder, vector["file"]), dtype=np.float32)
    session.run(vector["assigned"] + ":0", {vector["value"] + ":0": values})

random = np.random.default_rng(0)


def feed(name: str, shape: list) -> np.ndarray:
    if name in ADAM:
        return np.float32(ADAM[name])
    values = random.random(shape) * step["levels"] if step["levels"] else random.standard_normal(shape)
    return values.astype(np.float32)


feeds = {i["node"] + ":0": feed(i["name"], i["shape"]) for i in step["inputs"]}
fetches = [name + ":0" for name in step["fetches"]]
session.run(fetches, feeds)
times = []
for _ in range(STEPS):
    start = time.perf_counter()
    session.run(fetches, feeds)
    times.append(1e3 * (time.perf_counter() - start))

micros, calls, kernels = collections.Counter(), collections.Counter(), {}
for i in range(TRACED):
    metadata = v1.RunMetadata()
    trace = v1.RunOptions(trace_level=v1.RunOptions.FULL_TRACE, output_partition_graphs=i == 0)
    session.run(fetches, feeds, options=trace, run_metadata=metadata)
    kernels.update({n.name: n for g in metadata.partition_graphs for n in g.node})
    for device in metadata.step_stats.dev_stats:
        for run in device.node_stats:
            node = kernels.get(run.node_name)
            if node is None:
                continue
            fused = [op.decode() for op in node.attr["fused_ops"].list.s] if "fused_ops" in node.attr else []
            kind = " + ".join([node.op.replace("_MklNative", ""), *fused])
            micros[kind] += run.op_end_rel_micros - run.op_start_rel_micros
            calls[kind] += 1
print(
    json.dumps(
        {
            "tensorflow": tf.__version__,
            "steps_ms": [round(ms, 2) for ms in times],
            "kernels": [
                {"kind": kind, "ms": round(total / 1e3 / TRACED, 3), "calls": round(calls[kind] / TRACED)}
                for kind, total in micros.most_common()
            ],
        }
    )
)
