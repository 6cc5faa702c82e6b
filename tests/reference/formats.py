"""Reference files for tests/io, written by the formats' own implementations.

Made with safetensors 0.8.0, numpy 2.4.6, torch 2.15.0. Run: python tests/reference/formats.py (writes tests/reference/io/).
"""
import pathlib

import numpy as np
import torch
from safetensors.torch import save_file

out = pathlib.Path(__file__).parent / "io"
out.mkdir(exist_ok=True)

# Values are i * 0.5 - 3 or so: tests/io/safetensors_test.c computes the same. Rust sorts by alignment, then name.
halves = torch.tensor([0.0, -0.0, 1.0, -2.5, 65504.0, 2**-14, 2**-24, -(2**-24) * 1023, float("inf"), float("-inf"),
                       0.333251953125, 1e-7], dtype=torch.float16)
tensors = {
    "f64": (torch.arange(6, dtype=torch.float64) * 0.5 - 3).reshape(2, 3),
    "i64": torch.arange(4, dtype=torch.int64) * 1000000007 - 5,
    "encoder.weight": (torch.arange(24, dtype=torch.float32) * 0.5 - 3).reshape(2, 3, 4),
    "scalar": torch.tensor(1.5, dtype=torch.float32),
    "empty": torch.zeros(0, 7, dtype=torch.float32),
    "größe \"q\" \\ \n\x01 \U0001F600": torch.tensor([7.0]),
    "i32": torch.arange(3, dtype=torch.int32) - 1,
    "f16": halves,
    "bf16": (torch.arange(5, dtype=torch.float32) * 0.7 - 1).to(torch.bfloat16),
    "u8": torch.arange(5, dtype=torch.uint8),
    "flags": torch.tensor([True, False, True]),
}
save_file(tensors, out / "small.safetensors", metadata={"format": "pt"})
np.save(out / "f16_as_f32.npy", halves.to(torch.float32).numpy())
np.save(out / "bf16_as_f32.npy", tensors["bf16"].to(torch.float32).numpy())

np.save(out / "f4_2x3.npy", (np.arange(6, dtype="<f4") * 0.25).reshape(2, 3))
np.save(out / "f8_1d.npy", np.arange(5, dtype="<f8") / 3)
np.save(out / "i8_scalar.npy", np.array(-(2**40), dtype="<i8"))
np.save(out / "u1_empty.npy", np.zeros((0, 4), dtype="|u1"))
np.save(out / "fortran.npy", np.asfortranarray(np.zeros((2, 3), dtype="<f4")))
np.save(out / "big_endian.npy", np.zeros(3, dtype=">f4"))
np.save(out / "structured.npy", np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")]))
with open(out / "version2.npy", "wb") as file:
    np.lib.format.write_array(file, np.arange(4, dtype="<i4"), version=(2, 0))
with open(out / "version3.npy", "wb") as file:
    np.lib.format.write_array(file, np.arange(4, dtype="<i4"), version=(3, 0))
