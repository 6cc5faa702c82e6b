#!/usr/bin/env python3
"""One whole MAE training step in PyTorch, timed: the peer that `lacuna bench` is compared with.

The step is the one of the recipe of the same name: fresh random mask, encoder on the visible patches, decoder on all,
normalised targets, mean squared error on the hidden ones, backward, AdamW. Float32, scaled_dot_product_attention,
pictures in memory. Prints one line of JSON: {images_per_s, peak_rss_mb, settings, ...}.

  peer_torch.py mae-tiny-32 --batch 128 --threads 2 --seconds 20                  best settings of those below, measured
  peer_torch.py mae-vit-b16 --batch 8 --mode compile --optimizer fused --embed linear     exactly these
  peer_torch.py mae-vit-b16 --size 32 --patch 4 --decoder 256,4,8 --mask 0.9              another shape
  peer_torch.py mae-vit-b16 --mode eager --optimizer fused --embed linear --serve         warm once, then a result for
                                                                                         each line of stdin: seconds
With --mask 0 nothing is hidden and the error is that of all patches.
"""
import argparse
import json
import os
import subprocess
import sys
import time

# (picture, patch, encoder width/depth/heads, decoder width/depth/heads, mask ratio), as in recipes/
SHAPES = {
    "mae-tiny-32": (32, 4, (192, 12, 3), (96, 4, 3), 0.75),
    "mae-vit-ti16": (224, 16, (192, 12, 3), (512, 8, 16), 0.75),
    "mae-vit-s16": (224, 16, (384, 12, 6), (512, 8, 16), 0.75),
    "mae-vit-b16": (224, 16, (768, 12, 12), (512, 8, 16), 0.75),
}
MODES = ("eager", "compile")
OPTIMIZERS = ("fused", "foreach", "plain")
EMBEDS = ("linear", "conv", "conv-channels-last")


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("recipe", choices=sorted(SHAPES))
    p.add_argument("--batch", type=int, default=128)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--seconds", type=float, default=20.0, help="measured time")
    p.add_argument("--trial-seconds", type=float, default=5.0, help="measured time of each setting while looking for the best")
    p.add_argument("--mode", choices=MODES, help="default: try both")
    p.add_argument("--optimizer", choices=OPTIMIZERS, help="default: try all")
    p.add_argument("--embed", choices=EMBEDS, help="default: try all")
    p.add_argument("--size", type=int, help="these: instead of what the recipe says")
    p.add_argument("--patch", type=int)
    p.add_argument("--encoder", type=numbers, metavar="WIDTH,DEPTH,HEADS")
    p.add_argument("--decoder", type=numbers, metavar="WIDTH,DEPTH,HEADS")
    p.add_argument("--mask", type=float)
    p.add_argument("--serve", action="store_true")
    return p.parse_args()


def numbers(text):
    return tuple(int(x) for x in text.split(","))


def shape_of(args):
    own = (args.size, args.patch, args.encoder, args.decoder, args.mask)
    return tuple(x if mine is None else mine for mine, x in zip(own, SHAPES[args.recipe]))


def build(shape, embed):
    import torch
    import torch.nn.functional as F
    from torch import nn

    size, patch, (width, depth, heads), (d_width, d_depth, d_heads), ratio = shape
    n = (size // patch) ** 2
    n_visible = int(n * (1 - ratio))
    values = 3 * patch * patch

    def sincos(dim):
        side = size // patch
        omega = 1.0 / 10000 ** (torch.arange(dim // 4, dtype=torch.float64) / (dim / 4))
        row, col = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
        parts = []
        for axis in (col, row):
            angle = axis.reshape(-1, 1).double() * omega
            parts += [angle.sin(), angle.cos()]
        table = torch.cat(parts, 1).float()
        return torch.cat([torch.zeros(1, dim), table])[None]

    class Block(nn.Module):
        def __init__(self, dim, n_heads):
            super().__init__()
            self.heads = n_heads
            self.norm1, self.norm2 = nn.LayerNorm(dim, eps=1e-6), nn.LayerNorm(dim, eps=1e-6)
            self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
            self.fc1, self.fc2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)

        def forward(self, x):
            b, t, d = x.shape
            q, k, v = self.qkv(self.norm1(x)).reshape(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
            y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, t, d)
            x = x + self.proj(y)
            return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))

    class MAE(nn.Module):
        def __init__(self):
            super().__init__()
            if embed == "linear":
                self.embed = nn.Linear(values, width)
            else:
                self.embed = nn.Conv2d(3, width, patch, patch)
            self.class_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
            self.register_buffer("position", sincos(width))
            self.encoder = nn.ModuleList(Block(width, heads) for _ in range(depth))
            self.norm = nn.LayerNorm(width, eps=1e-6)
            self.decoder_embed = nn.Linear(width, d_width)
            self.mask_token = nn.Parameter(torch.randn(1, 1, d_width) * 0.02)
            self.register_buffer("decoder_position", sincos(d_width))
            self.decoder = nn.ModuleList(Block(d_width, d_heads) for _ in range(d_depth))
            self.decoder_norm = nn.LayerNorm(d_width, eps=1e-6)
            self.head = nn.Linear(d_width, values)
            for module in self.modules():
                if isinstance(module, nn.Linear):
                    nn.init.xavier_uniform_(module.weight)
                    nn.init.zeros_(module.bias)

        @staticmethod
        def patches(x):
            b, c, h, w = x.shape
            x = x.reshape(b, c, h // patch, patch, w // patch, patch)
            return x.permute(0, 2, 4, 3, 5, 1).reshape(b, n, values)

        def forward(self, x, noise):
            b = x.shape[0]
            target = self.patches(x)
            if embed == "linear":
                tokens = self.embed(target)
            else:
                tokens = self.embed(x).flatten(2).transpose(1, 2)
            tokens = tokens + self.position[:, 1:]
            if ratio > 0:
                order = noise.argsort(1)
                restore = order.argsort(1)
                keep = order[:, :n_visible]
                tokens = tokens.gather(1, keep[:, :, None].expand(-1, -1, width))
            tokens = torch.cat([(self.class_token + self.position[:, :1]).expand(b, -1, -1), tokens], 1)
            for block in self.encoder:
                tokens = block(tokens)
            tokens = self.decoder_embed(self.norm(tokens))
            if ratio > 0:
                hidden = self.mask_token.expand(b, n - n_visible, -1)
                full = torch.cat([tokens[:, 1:], hidden], 1).gather(1, restore[:, :, None].expand(-1, -1, d_width))
                tokens = torch.cat([tokens[:, :1], full], 1)
            tokens = tokens + self.decoder_position
            for block in self.decoder:
                tokens = block(tokens)
            prediction = self.head(self.decoder_norm(tokens))[:, 1:]
            mean, variance = target.mean(-1, keepdim=True), target.var(-1, keepdim=True)
            target = (target - mean) / (variance + 1e-6).sqrt()
            error = ((prediction - target) ** 2).mean(-1)
            if ratio == 0:
                return error.mean()
            mask = (restore >= n_visible).float()
            return (error * mask).sum() / mask.sum()

    return MAE(), size, n


def peak_rss_mb():
    with open("/proc/self/status") as f:
        for line in f:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def measure(args):
    import torch

    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    model, size, n = build(shape_of(args), args.embed)
    if args.embed == "conv-channels-last":
        model = model.to(memory_format=torch.channels_last)
    decay = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    kinds = {"fused": {"fused": True}, "foreach": {"foreach": True}, "plain": {"foreach": False}}
    optimizer = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}],
        lr=1.5e-4, betas=(0.9, 0.95), eps=1e-8, **kinds[args.optimizer])
    forward = torch.compile(model) if args.mode == "compile" else model

    # Smooth pictures, so that the loss can fall.
    low = torch.rand(4, args.batch, 3, 4, 4)
    pool = [torch.nn.functional.interpolate(x, size=size, mode="bilinear") - 0.5 for x in low]
    if args.embed == "conv-channels-last":
        pool = [x.contiguous(memory_format=torch.channels_last) for x in pool]

    def step(i):
        loss = forward(pool[i % len(pool)], torch.rand(args.batch, n))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss

    start = time.perf_counter()
    first = step(0).item()
    for i in range(1, 2 if args.serve else 4):
        step(i).item()
    warm = time.perf_counter() - start

    def timed(seconds, least):
        times, i = [], 4
        start = time.perf_counter()
        while time.perf_counter() - start < seconds or len(times) < least:
            t = time.perf_counter()
            last = step(i).item()
            times.append(time.perf_counter() - t)
            i += 1
        return describe(args, sorted(times), warm, first, last)

    if not args.serve:
        return timed(args.seconds, 5)
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(timed(float(line), 2)), flush=True)
    sys.exit(0)


def describe(args, times, warm, first, last):
    import torch

    return {
        "images_per_s": round(args.batch / times[len(times) // 2], 2),
        "peak_rss_mb": round(peak_rss_mb(), 1),
        "settings": {"mode": args.mode, "optimizer": args.optimizer, "embed": args.embed, "threads": args.threads},
        "recipe": args.recipe, "batch": args.batch, "steps": len(times), "warm_up_s": round(warm, 1),
        "first_loss": round(first, 4), "last_loss": round(last, 4), "torch": torch.__version__,
    }


def run_apart(mode, optimizer, embed, seconds):
    """In a process of its own: the peak of one setting's memory says nothing about the next one's."""
    command = [sys.executable, __file__, *sys.argv[1:], "--seconds", str(seconds), "--mode", mode,
               "--optimizer", optimizer, "--embed", embed] # the last of an option counts
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no output"])[-1]
        print(f"peer_torch: {mode}, {optimizer}, {embed}: failed: {reason}", file=sys.stderr)
        return None
    result = json.loads(done.stdout)
    print(f"peer_torch: {mode}, {optimizer}, {embed}: {result['images_per_s']} images/s, "
          f"{result['peak_rss_mb']} MB", file=sys.stderr)
    return result


def best(args):
    """One choice at a time (embedding, optimizer, mode), then the winner for the full time."""
    chosen = {"mode": args.mode or "eager", "optimizer": args.optimizer or "fused", "embed": args.embed or "linear"}
    for key, values in (("embed", EMBEDS), ("optimizer", OPTIMIZERS), ("mode", MODES)):
        if getattr(args, key):
            continue
        tried = {v: run_apart(**{**chosen, key: v}, seconds=args.trial_seconds) for v in values}
        tried = {v: r for v, r in tried.items() if r}
        if not tried:
            sys.exit("peer_torch: no setting works")
        chosen[key] = max(tried, key=lambda v: tried[v]["images_per_s"])
    result = run_apart(**chosen, seconds=args.seconds)
    if not result:
        sys.exit("peer_torch: the best setting failed")
    return result


def main():
    args = arguments()
    # It names an OpenBLAS core for Debian's numpy; PyTorch's own libraries choose by themselves.
    os.environ.pop("OPENBLAS_CORETYPE", None)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(args.threads)
    whole = args.mode and args.optimizer and args.embed
    if args.serve and not whole:
        sys.exit("peer_torch: --serve needs --mode, --optimizer and --embed")
    print(json.dumps(measure(args) if whole else best(args)))


if __name__ == "__main__":
    main()
