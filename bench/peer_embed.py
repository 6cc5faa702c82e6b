#!/usr/bin/env python3
"""Features of a folder of pictures in PyTorch, timed: the peer that `lacuna embed` is compared with.

  peer_embed.py MODEL PICTURES --out FEATURES.npy --batch 64 --threads 2 --mode eager --workers 2
      MODEL is a folder of `lacuna export hf`. A pass over the pictures for each line of stdin, then one line of JSON:
      {images_per_s, ...}; decoding and writing are counted, loading the model and warming up are not.
  peer_embed.py compare OURS.npy THEIRS.npy      largest difference, relative to the largest feature

Pillow decodes (at reduced scale where that is free, as Lacuna does), resizes and cuts out the middle, in the process or in
DataLoader's workers.
The network is a ViT with scaled_dot_product_attention and one product for q, k and v; mean of the patch tokens. Float32.
"""
import argparse
import json
import os
import sys
import time


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model")
    p.add_argument("pictures")
    p.add_argument("--out", required=True)
    p.add_argument("--batch", type=int, default=64)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--mode", choices=("eager", "compile"), default="eager")
    p.add_argument("--workers", type=int, default=0, help="DataLoader's; 0: the process itself decodes")
    return p.parse_args()


def build(folder):
    import torch
    import torch.nn.functional as F
    from safetensors.torch import load_file
    from torch import nn

    with open(os.path.join(folder, "config.json"), encoding="utf-8") as f:
        config = json.load(f)
    weights = load_file(os.path.join(folder, "model.safetensors"))
    width, heads, eps = config["hidden_size"], config["num_attention_heads"], config["layer_norm_eps"]
    patch = config["patch_size"]

    def linear(*names):
        w = torch.cat([weights[n + ".weight"] for n in names])
        layer = nn.Linear(w.shape[1], w.shape[0])
        layer.weight.data, layer.bias.data = w, torch.cat([weights[n + ".bias"] for n in names])
        return layer

    def norm(name):
        layer = nn.LayerNorm(width, eps=eps)
        layer.weight.data, layer.bias.data = weights[name + ".weight"], weights[name + ".bias"]
        return layer

    class Block(nn.Module):
        def __init__(self, at):
            super().__init__()
            qkv = [f"{at}.attention.attention.{n}" for n in ("query", "key", "value")]
            self.norm1, self.norm2 = norm(at + ".layernorm_before"), norm(at + ".layernorm_after")
            self.qkv, self.proj = linear(*qkv), linear(at + ".attention.output.dense")
            self.fc1, self.fc2 = linear(at + ".intermediate.dense"), linear(at + ".output.dense")

        def forward(self, x):
            b, t, d = x.shape
            q, k, v = self.qkv(self.norm1(x)).reshape(b, t, 3, heads, d // heads).permute(2, 0, 3, 1, 4)
            x = x + self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, t, d))
            return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))

    class Encoder(nn.Module):
        def __init__(self):
            super().__init__()
            name = "vit.embeddings.patch_embeddings.projection"
            w = weights[name + ".weight"]
            self.embed = nn.Linear(w[0].numel(), width)
            self.embed.weight.data, self.embed.bias.data = w.flatten(1), weights[name + ".bias"]
            position = weights["vit.embeddings.position_embeddings"]
            self.register_buffer("first", weights["vit.embeddings.cls_token"] + position[:, :1])
            self.register_buffer("position", position[:, 1:])
            self.blocks = nn.ModuleList(Block(f"vit.encoder.layer.{i}") for i in range(config["num_hidden_layers"]))
            self.norm = norm("vit.layernorm")

        def forward(self, x):
            b, c, h, w = x.shape
            x = x.reshape(b, c, h // patch, patch, w // patch, patch).permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)
            x = torch.cat([self.first.expand(b, -1, -1), self.embed(x) + self.position], 1)
            for block in self.blocks:
                x = block(x)
            return self.norm(x)[:, 1:].mean(1)

    return Encoder().eval()


class Pictures:
    """Decoded pictures as uint8, 3 x size x size."""

    def __init__(self, folder, size, resample):
        self.paths = [os.path.join(folder, name) for name in sorted(os.listdir(folder))]
        self.size, self.resample = size, resample

    def __len__(self):
        return len(self.paths)

    def __getitem__(self, i):
        import numpy as np
        import torch
        from PIL import Image

        with Image.open(self.paths[i]) as picture:
            full, size = picture.size, self.size
            if full == (size, size):
                picture = picture.convert("RGB")
            else:  # torchvision's Resize(size / 0.875) and CenterCrop(size), as one box: only what stays is computed
                cover = int(size / 0.875 + 1e-6)
                picture.draft("RGB", (cover, cover))
                picture = picture.convert("RGB")
                short = min(full)
                resized = [cover * side // short for side in full]
                corner = [round((side - size) / 2) for side in resized]
                scale = [a / b for a, b in zip(picture.size, resized)]
                box = [c * s for c, s in zip(corner, scale)] + [(c + size) * s for c, s in zip(corner, scale)]
                picture = picture.resize((size, size), self.resample, box)
            return torch.from_numpy(np.array(picture)).permute(2, 0, 1)


def peak_rss_mb():
    with open("/proc/self/status", encoding="ascii") as f:
        for line in f:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def serve(args):
    import numpy as np
    import torch

    torch.set_num_threads(args.threads)
    with open(os.path.join(args.model, "preprocessor_config.json"), encoding="utf-8") as f:
        config = json.load(f)
    size = config["size"]["height"] if isinstance(config["size"], dict) else config["size"]
    pictures = Pictures(args.pictures, size, config["resample"])
    loader = torch.utils.data.DataLoader(pictures, args.batch, num_workers=args.workers,
                                         persistent_workers=args.workers > 0)
    encoder = build(args.model)
    forward = torch.compile(encoder) if args.mode == "compile" else encoder
    mean = torch.tensor(config["image_mean"]).reshape(1, 3, 1, 1)
    std = torch.tensor(config["image_std"]).reshape(1, 3, 1, 1)

    def whole_pass():
        with torch.inference_mode():
            return torch.cat([forward((batch / 255 - mean) / std) for batch in loader])

    whole_pass()
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        np.save(args.out, whole_pass().numpy())
        rate = len(pictures) / (time.perf_counter() - start)
        print(json.dumps({"images_per_s": rate, "peak_rss_mb": peak_rss_mb(), "torch": torch.__version__}), flush=True)


def compare(ours, theirs):
    import numpy as np

    a, b = np.load(ours), np.load(theirs)
    if a.shape != b.shape:
        sys.exit(f"peer_embed: {a.shape} features of Lacuna, {b.shape} of PyTorch")
    print(json.dumps({"difference": float(np.abs(a - b).max() / np.abs(b).max())}))


def main():
    if sys.argv[1:2] == ["compare"] and len(sys.argv) == 4:
        compare(sys.argv[2], sys.argv[3])
        return
    args = arguments()
    os.environ.pop("OPENBLAS_CORETYPE", None)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(args.threads)
    serve(args)


if __name__ == "__main__":
    main()
