"""Reference numbers for masked autoencoders: loss, prediction, mask, gradients and five AdamW steps.

Four configurations run transformers' ViTMAEForPreTraining; the fifth, with oblong patches on an oblong grid (which
transformers does not train), runs the plain PyTorch model below. Weights, pictures and noise are random but not tiny, so
that no part of the computation is hidden by another.

    python tests/reference/mae.py tests/reference/mae      writes NAME.safetensors (versions in their metadata)

Names inside: param/NAME before, grad/NAME of the first step, after/NAME after five steps, NAME as in checkpoints on the
Hugging Face hub; view/0, noise, loss [5] before each update, prediction, mask.
"""
import json
import re
import sys

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from torch import nn
from transformers import ViTMAEConfig, ViTMAEForPreTraining

STEPS, LR, DECAY = 5, 1e-3, 0.05

CASES = {
    "plain": dict(image=16, patch=4, channels=3, width=16, depth=2, heads=2, mlp=32, d=8, d_depth=1, d_heads=2,
                  d_mlp=16, ratio=0.75, norm=False, eps=1e-6),
    "norm": dict(image=24, patch=6, channels=1, width=16, depth=2, heads=4, mlp=32, d=16, d_depth=1, d_heads=4,
                 d_mlp=32, ratio=0.5, norm=True, eps=1e-6),
    "small_patch": dict(image=12, patch=2, channels=3, width=24, depth=1, heads=6, mlp=48, d=12, d_depth=2, d_heads=3,
                        d_mlp=24, ratio=0.9, norm=True, eps=1e-12),
    "large_patch": dict(image=32, patch=8, channels=1, width=12, depth=2, heads=3, mlp=36, d=8, d_depth=1, d_heads=2,
                        d_mlp=24, ratio=0.6, norm=False, eps=1e-5),
    "oblong": dict(image=[12, 20], patch=[3, 4], channels=3, width=16, depth=2, heads=2, mlp=32, d=8, d_depth=1,
                   d_heads=1, d_mlp=16, ratio=0.75, norm=True, eps=1e-6),
}
BATCH = 3


def pair(x):
    return list(x) if isinstance(x, list) else [x, x]


def hub_name(name):
    """transformers 5 module names -> the names of checkpoints on the hub."""
    name = name.replace("vit.layers.", "vit.encoder.layer.")
    if ".layer." not in name and "decoder_layers" not in name:
        return name
    for new, old in (("attention.q_proj", "attention.attention.query"), ("attention.k_proj", "attention.attention.key"),
                     ("attention.v_proj", "attention.attention.value"), ("attention.o_proj", "attention.output.dense"),
                     ("mlp.fc1", "intermediate.dense"), ("mlp.fc2", "output.dense")):
        name = re.sub(rf"(?<=\d\.){re.escape(new)}", old, name)
    return name


# ---- the same model in plain PyTorch, for any grid ----


def sincos(width, grid):
    """MAE's rule: the half for the column first, then the row; double precision; a zero row for the class token."""
    k = np.arange(width // 4, dtype=np.float64) / (width // 4)
    omega = 1.0 / 10000**k
    row, column = np.meshgrid(np.arange(grid[0]), np.arange(grid[1]), indexing="ij")
    parts = []
    for place in (column, row):
        angle = np.outer(place.reshape(-1).astype(np.float64), omega)
        parts += [np.sin(angle), np.cos(angle)]
    table = np.concatenate(parts, 1)
    return torch.tensor(np.concatenate([np.zeros((1, width)), table])[None], dtype=torch.float32)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x):
        b, t, w = x.shape
        q, k, v = (f(x).view(b, t, self.heads, w // self.heads).transpose(1, 2)
                   for f in (self.q_proj, self.k_proj, self.v_proj))
        weights = (q @ k.transpose(2, 3) / (w // self.heads) ** 0.5).softmax(-1)
        return self.o_proj((weights @ v).transpose(1, 2).reshape(b, t, w))


class Mlp(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(nn.functional.gelu(self.fc1(x)))


class Layer(nn.Module):
    def __init__(self, width, heads, hidden, eps):
        super().__init__()
        self.layernorm_before, self.layernorm_after = nn.LayerNorm(width, eps), nn.LayerNorm(width, eps)
        self.attention, self.mlp = Attention(width, heads), Mlp(width, hidden)

    def forward(self, x):
        x = x + self.attention(self.layernorm_before(x))
        return x + self.mlp(self.layernorm_after(x))


class Plain(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        (h, w), (p, q) = pair(c["image"]), pair(c["patch"])
        self.grid = (h // p, w // q)
        n, values = self.grid[0] * self.grid[1], p * q * c["channels"]
        vit, decoder = nn.Module(), nn.Module()
        vit.embeddings = nn.Module()
        vit.embeddings.cls_token = nn.Parameter(torch.zeros(1, 1, c["width"]))
        vit.embeddings.position_embeddings = nn.Parameter(sincos(c["width"], self.grid), requires_grad=False)
        vit.embeddings.patch_embeddings = nn.Module()
        vit.embeddings.patch_embeddings.projection = nn.Conv2d(c["channels"], c["width"], (p, q), (p, q))
        vit.layers = nn.ModuleList(Layer(c["width"], c["heads"], c["mlp"], c["eps"]) for _ in range(c["depth"]))
        vit.layernorm = nn.LayerNorm(c["width"], c["eps"])
        decoder.mask_token = nn.Parameter(torch.zeros(1, 1, c["d"]))
        decoder.decoder_pos_embed = nn.Parameter(sincos(c["d"], self.grid), requires_grad=False)
        decoder.decoder_embed = nn.Linear(c["width"], c["d"])
        decoder.decoder_layers = nn.ModuleList(Layer(c["d"], c["d_heads"], c["d_mlp"], c["eps"])
                                               for _ in range(c["d_depth"]))
        decoder.decoder_norm = nn.LayerNorm(c["d"], c["eps"])
        decoder.decoder_pred = nn.Linear(c["d"], values)
        self.vit, self.decoder, self.n = vit, decoder, n

    def forward(self, pixels, noise):
        c, e, d, b = self.c, self.vit.embeddings, self.decoder, len(pixels)
        keep = int(self.n * (1 - c["ratio"]))
        x = e.patch_embeddings.projection(pixels).flatten(2).transpose(1, 2) + e.position_embeddings[:, 1:]
        shuffle = noise.argsort(1)
        restore = shuffle.argsort(1)
        mask = (restore >= keep).float()
        x = x.gather(1, shuffle[:, :keep, None].expand(-1, -1, x.shape[2]))
        x = torch.cat([(e.cls_token + e.position_embeddings[:, :1]).expand(b, -1, -1), x], 1)
        for layer in self.vit.layers:
            x = layer(x)
        y = d.decoder_embed(self.vit.layernorm(x))
        full = torch.cat([y[:, 1:], d.mask_token.expand(b, self.n - keep, -1)], 1)
        full = full.gather(1, restore[:, :, None].expand(-1, -1, y.shape[2]))
        y = torch.cat([y[:, :1], full], 1) + d.decoder_pos_embed
        for layer in d.decoder_layers:
            y = layer(y)
        prediction = d.decoder_pred(d.decoder_norm(y))[:, 1:]
        p, q = pair(c["patch"])
        target = pixels.reshape(b, c["channels"], self.grid[0], p, self.grid[1], q).permute(0, 2, 4, 3, 5, 1)
        target = target.reshape(b, self.n, -1)
        if c["norm"]:
            target = (target - target.mean(-1, keepdim=True)) / (target.var(-1, keepdim=True) + 1e-6) ** 0.5
        loss = (((prediction - target) ** 2).mean(-1) * mask).sum() / mask.sum()
        return loss, prediction, mask


def config_of(c):
    return dict(model_type="vit_mae", hidden_size=c["width"], num_hidden_layers=c["depth"],
                num_attention_heads=c["heads"], intermediate_size=c["mlp"], image_size=c["image"],
                patch_size=c["patch"], num_channels=c["channels"], decoder_num_attention_heads=c["d_heads"],
                decoder_hidden_size=c["d"], decoder_num_hidden_layers=c["d_depth"], decoder_intermediate_size=c["d_mlp"],
                mask_ratio=c["ratio"], norm_pix_loss=c["norm"], layer_norm_eps=c["eps"])


def fill_tables(model):
    """transformers 5.24 leaves the fixed tables of a fresh model at zero; its own functions fill them here."""
    for module in (model.vit.embeddings.patch_embeddings.projection, model.vit.embeddings.position_embeddings,
                   model.decoder.decoder_pos_embed):
        module._is_hf_initialized = False
    model.vit.embeddings.initialize_weights()
    model.decoder.initialize_weights(model.vit.embeddings.patch_embeddings.num_patches)
    assert model.vit.embeddings.position_embeddings.abs().max() == 1 and model.decoder.decoder_pos_embed.abs().max() == 1


def generate(name, c, folder):
    seed = sorted(CASES).index(name) + 1
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    is_plain = isinstance(c["patch"], list)
    if is_plain:
        model = Plain(c)
        run = model
    else:
        model = ViTMAEForPreTraining(ViTMAEConfig(**config_of(c)))
        fill_tables(model)

        def run(pixels, noise):
            out = model(pixels, noise=noise)
            return out.loss, out.logits, out.mask

    with torch.no_grad():
        for key, p in model.named_parameters():
            if not p.requires_grad:
                continue
            p.normal_(0, 0.15)
            if "norm" in key and key.endswith("weight"):
                p += 1
    h, w = pair(c["image"])
    pixels = torch.randn(BATCH, c["channels"], h, w)
    p, q = pair(c["patch"])
    noise = torch.rand(BATCH, (h // p) * (w // q))
    if name == "plain":
        noise[:, 1] = noise[:, 0]  # a tie: ranks are those of a stable sort, which torch does for few numbers
    assert torch.equal(noise.argsort(dim=1, stable=True), noise.argsort(dim=1))

    tokens = ("cls_token", "mask_token", "position_embeddings", "decoder_pos_embed")
    named = [(k, v) for k, v in model.named_parameters() if v.requires_grad]
    decayed = [v for k, v in named if v.ndim > 1 and not k.endswith(tokens)]
    others = [v for k, v in named if v.ndim == 1 or k.endswith(tokens)]
    optimizer = torch.optim.AdamW([dict(params=decayed, weight_decay=DECAY), dict(params=others, weight_decay=0.0)],
                                  lr=LR, betas=(0.9, 0.95), eps=1e-8)
    out = {"view/0": pixels, "noise": noise}
    for k, v in model.named_parameters():
        out["param/" + hub_name(k)] = v.detach().clone()
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss, prediction, mask = run(pixels, noise)
        loss.backward()
        losses.append(loss.detach())
        if step == 0:
            out["prediction"], out["mask"] = prediction.detach(), mask.detach().float()
            for k, v in named:
                out["grad/" + hub_name(k)] = v.grad.clone()
        optimizer.step()
    for k, v in named:
        out["after/" + hub_name(k)] = v.detach().clone()
    out["loss"] = torch.stack(losses)
    meta = dict(format="pt", config=json.dumps(config_of(c)), torch=torch.__version__,
                transformers="not used" if is_plain else transformers.__version__, generator="tests/reference/mae.py")
    save_file({k: v.contiguous() for k, v in out.items()}, f"{folder}/{name}.safetensors", meta)
    print(name, float(losses[0]), float(losses[-1]), sum(v.numel() for _, v in named))


if __name__ == "__main__":
    for case, settings in CASES.items():
        generate(case, settings, sys.argv[1])
