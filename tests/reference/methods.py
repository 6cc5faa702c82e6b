"""Reference numbers for methods beside MAE: loss, prediction and gradients of one step.

simmim runs transformers' ViTForMaskedImageModeling; the others are its ViTModel with the head, target and loss written here
from the papers (maskfeat: arXiv 2112.09133, mfm: arXiv 2206.07706). Weights and pictures are random but not tiny, so that no
part of the computation is hidden by another.

    python tests/reference/methods.py tests/reference/methods      writes NAME.safetensors (versions in their metadata)

Inside: param/NAME, grad/NAME under Lacuna's names, view/0, mask/0 (1 = hidden), loss, prediction; metadata recipe, the YAML
text of the method.
"""
import math
import sys

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file
from torch import nn
from transformers import ViTConfig, ViTForMaskedImageModeling, ViTModel

BATCH, SIZE, PATCH, CHANNELS, WIDTH, DEPTH, HEADS, MLP = 2, 16, 4, 3, 12, 2, 3, 24
GRID, N = SIZE // PATCH, (SIZE // PATCH) ** 2

RECIPE = """name: {name}
picture: {{size: 16, channels: 3}}
mask: {mask}
model:
  encoder: {{name: vit, patch: 4, width: 12, depth: 2, heads: 3, mlp_ratio: 2, positions: learned, norm_eps: 1e-6}}
  decoder: {{name: linear}}
target: {target}
objective: [{objective}]
optim: {{lr: 1e-3}}
"""


def config():
    return ViTConfig(hidden_size=WIDTH, num_hidden_layers=DEPTH, num_attention_heads=HEADS, intermediate_size=MLP,
                     image_size=SIZE, patch_size=PATCH, num_channels=CHANNELS, encoder_stride=PATCH,
                     layer_norm_eps=1e-6, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)


def patches(x):
    """B x C x H x W -> B x N x (p, p, C)"""
    x = x.reshape(len(x), CHANNELS, GRID, PATCH, GRID, PATCH)
    return x.permute(0, 2, 4, 3, 5, 1).reshape(len(x), N, -1)


def pictures(x):
    x = x.reshape(len(x), GRID, GRID, PATCH, PATCH, CHANNELS)
    return x.permute(0, 5, 1, 3, 2, 4).reshape(len(x), CHANNELS, SIZE, SIZE)


def lacuna_names(vit, get):
    """Of a ViTModel's tensors (their values or gradients); q, k and v are one matrix in Lacuna."""
    e, out = vit.embeddings, {}
    out["cls_token"], out["pos_embed"] = get(e.cls_token), get(e.position_embeddings)
    if e.mask_token is not None:
        out["mask_token"] = get(e.mask_token)
    out["patch_embed.proj.weight"] = get(e.patch_embeddings.projection.weight)
    out["patch_embed.proj.bias"] = get(e.patch_embeddings.projection.bias)
    for i, layer in enumerate(vit.layers):
        a, b = layer.attention, f"blocks.{i}."
        for part in ("weight", "bias"):
            out[b + "attn.qkv." + part] = torch.cat([get(getattr(m, part)) for m in (a.q_proj, a.k_proj, a.v_proj)])
            for name, m in (("norm1", layer.layernorm_before), ("attn.proj", a.o_proj),
                            ("norm2", layer.layernorm_after), ("mlp.fc1", layer.mlp.fc1), ("mlp.fc2", layer.mlp.fc2)):
                out[b + name + "." + part] = get(getattr(m, part))
    out["norm.weight"], out["norm.bias"] = get(vit.layernorm.weight), get(vit.layernorm.bias)
    return out


def shuffled(w):
    """Rows of a 1 x 1 convolution before a pixel shuffle, (c, y, x) -> ours, (y, x, c)."""
    rest = w.shape[1:]
    return w.reshape(CHANNELS, PATCH * PATCH, *rest).transpose(0, 1).reshape(PATCH * PATCH * CHANNELS, -1).squeeze(-1)


class SimMIM(nn.Module):
    mask = "{name: block-units, unit: 8, ratio: 0.5}"
    target, objective = "{name: pixels, norm: false}", "{name: l1}"

    def __init__(self):
        super().__init__()
        self.model = ViTForMaskedImageModeling(config())

    def draw(self):
        units = torch.zeros(BATCH, 2, 2)
        units[0, 0, 1] = units[0, 1, 0] = units[1, 0, 0] = units[1, 0, 1] = 1
        return units.repeat_interleave(2, 1).repeat_interleave(2, 2).reshape(BATCH, N)

    def forward(self, x, mask):
        out = self.model(x, bool_masked_pos=mask.bool())
        return out.loss, patches(out.reconstruction)

    def names(self, get):
        out = lacuna_names(self.model.vit, get)
        out["decoder_pred.weight"] = shuffled(get(self.model.decoder[0].weight))
        out["decoder_pred.bias"] = shuffled(get(self.model.decoder[0].bias))
        return out


class Linear(nn.Module):
    """A ViTModel with one linear layer on every patch's token."""

    def __init__(self, values, has_mask):
        super().__init__()
        self.vit = ViTModel(config(), add_pooling_layer=False, use_mask_token=has_mask)
        self.head = nn.Linear(WIDTH, values)

    def names(self, get):
        out = lacuna_names(self.vit, get)
        out["decoder_pred.weight"], out["decoder_pred.bias"] = get(self.head.weight), get(self.head.bias)
        return out


def hog(x, bins=9, cell=2, window=8):
    """B x C x H x W -> B x N x (C, bins, cells, cells): torch's convolution and scatter, after the paper's appendix."""
    kernel = torch.tensor([[1.0, 0, -1], [2, 0, -2], [1, 0, -1]])
    padded = F.pad(x, (1, 1, 1, 1), mode="reflect")
    gx = F.conv2d(padded, kernel.expand(CHANNELS, 1, 3, 3), groups=CHANNELS)
    gy = F.conv2d(padded, kernel.T.expand(CHANNELS, 1, 3, 3), groups=CHANNELS)
    n = (torch.arange(window) - (window - 1) / 2) / (window // 2)
    gauss = torch.exp(-0.5 * n * n)
    gauss = gauss[:, None] * gauss[None]
    strength = torch.stack([gx, gy]).norm(dim=0) * (gauss / gauss.sum()).repeat(SIZE // window, SIZE // window)
    place = (torch.atan2(gx, gy) / math.pi * bins).floor().long() % bins
    out = torch.zeros(len(x), CHANNELS, bins, SIZE, SIZE).scatter_add_(2, place[:, :, None], strength[:, :, None])
    out = F.normalize(F.avg_pool2d(out.flatten(1, 2), cell).unflatten(1, (CHANNELS, bins)), dim=2)
    k = PATCH // cell
    out = out.reshape(len(x), CHANNELS, bins, GRID, k, GRID, k).permute(0, 3, 5, 1, 2, 4, 6)
    return out.reshape(len(x), N, -1)


class MaskFeat(Linear):
    mask = "{name: blockwise, ratio: 0.5, min: 2}"
    target, objective = "{name: hog, bins: 9, cell: 2, window: 8}", "{name: l2}"

    def __init__(self):
        super().__init__(CHANNELS * 9 * (PATCH // 2) ** 2, True)

    def draw(self):
        mask = torch.zeros(BATCH, GRID, GRID)
        mask[0, 1:3, 0:3] = 1
        mask[1, 0:3, 2:] = 1
        mask[1, 3, 0] = 1
        return mask.reshape(BATCH, N)

    def forward(self, x, mask):
        y = self.head(self.vit(x, bool_masked_pos=mask.bool()).last_hidden_state[:, 1:])
        loss = ((y - hog(x)) ** 2).mean(-1)
        return (loss * mask).sum() / mask.sum(), y


class MFM(Linear):
    """One picture loses its high frequencies and one its low ones, so the hidden frequencies are as many as expected."""
    mask = "{name: frequency, radius: 4}"
    target, objective = "{name: pixels, norm: false}", "{name: spectral}"

    def __init__(self):
        super().__init__(CHANNELS * PATCH * PATCH, False)

    def draw(self):
        mask = torch.zeros(BATCH, N)
        mask[1] = 1  # the low ones are gone
        return mask

    def forward(self, x, mask):
        y, c = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij"), SIZE // 2
        disc = ((y[0] - c) ** 2 + (y[1] - c) ** 2 < 16).float()
        removed = torch.stack([disc if m[0] == 1 else 1 - disc for m in mask])[:, None]
        spectrum = torch.fft.fftshift(torch.fft.fft2(x, norm="ortho"), dim=(-2, -1)) * (1 - removed)
        seen = torch.fft.ifft2(torch.fft.ifftshift(spectrum, dim=(-2, -1)), norm="ortho").real
        out = self.head(self.vit(seen).last_hidden_state[:, 1:])
        difference = torch.fft.fftshift(torch.fft.fft2(pictures(out) - x, norm="ortho"), dim=(-2, -1))
        distance = (difference.real ** 2 + difference.imag ** 2 + 1e-12) ** 0.5
        return (distance * removed).sum() / removed.sum() / CHANNELS, out


METHODS = {"simmim": SimMIM, "maskfeat": MaskFeat, "mfm": MFM}


def generate(name, method, folder):
    torch.manual_seed(list(METHODS).index(name) + 1)
    torch.set_num_threads(1)
    model = method()
    with torch.no_grad():
        for key, p in model.named_parameters():
            p.normal_(0, 0.2)
            if "norm" in key and key.endswith("weight"):
                p += 1
    x, mask = torch.randn(BATCH, CHANNELS, SIZE, SIZE), model.draw()
    loss, prediction = model(x, mask)
    loss.backward()
    out = {"view/0": x, "mask/0": mask, "loss": loss.detach().reshape(1), "prediction": prediction.detach()}
    for k, v in model.names(lambda t: t.detach()).items():
        out["param/" + k] = v.clone()
    for k, v in model.names(lambda t: t.grad).items():
        out["grad/" + k] = v.clone()
    recipe = RECIPE.format(name=name, mask=method.mask, target=method.target, objective=method.objective)
    save_file({k: v.contiguous() for k, v in out.items()}, f"{folder}/{name}.safetensors",
              dict(format="pt", recipe=recipe, torch=torch.__version__, transformers=transformers.__version__,
                   generator="tests/reference/methods.py"))
    print(name, float(loss.detach()))


if __name__ == "__main__":
    for key, value in METHODS.items():
        generate(key, value, sys.argv[1])
