"""What PyTorch computes with which types."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode

#: What log-dets are made of, and statistics of the batch.
PRECISE = ("exp", "log", "log1p", "sum", "mean", "cumsum", "_softmax", "softplus", "square", "pow", "native_batch_norm")


class Seen(TorchDispatchMode):
    """The types that each operation was given."""

    def __init__(self):
        super().__init__()
        self.types = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = self.types.setdefault(func.overloadpacket.__name__, set())
        found.update(value.dtype for value in args if isinstance(value, torch.Tensor))
        return func(*args, **(kwargs or {}))

    def check_bfloat16(self, *precise):
        """Products and convolutions of networks are all in it, and nothing that has to be precise."""
        products = set().union(*(self.types.get(op, set()) for op in ("convolution", "addmm", "mm")))
        assert torch.bfloat16 in products
        for op in (*PRECISE, *precise):
            assert torch.bfloat16 not in self.types.get(op, set()), op
