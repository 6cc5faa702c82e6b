#!/usr/bin/env python3
"""Steps of I-JEPA (arXiv 2301.08243): inputs and every number that `lacuna step` must give for them. tests/cli/step_ijepa.sh
compares.

    ijepa.py FOLDER     writes FOLDER/NAME.in.safetensors and FOLDER/NAME.out.safetensors (tests/reference/ijepa)

Context and target encoder are transformers' IJepaModel, the predictor is put together from timm's blocks after the paper,
positions are those of mae.py. Each picture runs by itself and without padding. equal: lists as long in every
picture, as the paper's code cuts them to be; padded: lists of other lengths in every picture, each target patch counted alike.
Five AdamW steps (lr 1e-3, decay .05 on matrices) on the same inputs, the teacher's decay rising from .9 towards 1.
"""
import copy
import sys
from functools import partial

import timm
import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file
from timm.models.vision_transformer import Block
from torch import nn
from transformers import IJepaConfig, IJepaModel

from mae import sincos

B, SIDE, PATCH, C, D, DEPTH, HEADS, MLP = 3, 16, 4, 3, 12, 2, 3, 24
WIDTH, PREDICTOR_DEPTH, PREDICTOR_HEADS, M, STEPS, EMA = 8, 2, 2, 2, 5, (0.9, 1.0)
GRID = SIDE // PATCH

# Per picture: the context, and the blocks to predict, of which some overlap. Rectangles as the mask draws them.
CASES = {
    "equal": [([0, 1, 4, 8, 9], [[2, 3, 6, 7], [10, 11, 14, 15]]), ([2, 3, 7, 11, 15], [[4, 5, 8, 9], [8, 9, 12, 13]]),
              ([0, 2, 4, 6, 8], [[9, 10, 13, 14], [10, 11, 14, 15]])],
    "padded": [([0, 1, 2, 3, 4, 7, 8, 11], [[5, 6, 9, 10], [9, 10, 13, 14]]),
               ([1, 2, 3, 15], [[4, 5, 8, 9, 12, 13], [5, 6, 9, 10, 13, 14]]), ([12, 13], [[0, 1, 4, 5], [2, 3, 6, 7]])],
}


class Predictor(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.token = nn.Linear(D, WIDTH), nn.Parameter(torch.zeros(1, 1, WIDTH))
        self.blocks = nn.ModuleList([Block(WIDTH, PREDICTOR_HEADS, 4, qkv_bias=True,
                                           norm_layer=partial(nn.LayerNorm, eps=1e-6)) for _ in range(PREDICTOR_DEPTH)])
        self.norm, self.proj = nn.LayerNorm(WIDTH, eps=1e-6), nn.Linear(WIDTH, D)
        self.positions = sincos(WIDTH, (GRID, GRID))[:, 1:]

    def forward(self, context, keep, block):
        x = self.embed(context) + self.positions[:, keep]
        y = self.token + self.positions[:, block]
        z = torch.cat([x, y], 1)
        for b in self.blocks:
            z = b(z)
        return self.proj(self.norm(z))[:, len(keep):]


def encode(model, x, keep=None):
    z = model.embeddings(x)
    if keep is not None:
        z = z[:, keep]
    for layer in model.layers:
        z = layer(z, None)
        z = z[0] if isinstance(z, tuple) else z
    return model.layernorm(z)


def encoder_names(model, get):
    p = model.embeddings.patch_embeddings.projection
    out = {"patch_embed.proj.weight": get(p.weight), "patch_embed.proj.bias": get(p.bias)}
    for i, layer in enumerate(model.layers):
        a, b = layer.attention, f"blocks.{i}."
        for part in ("weight", "bias"):
            out[b + "attn.qkv." + part] = torch.cat([get(getattr(m, part)) for m in (a.q_proj, a.k_proj, a.v_proj)])
            for name, m in (("norm1", layer.layernorm_before), ("attn.proj", a.o_proj), ("norm2", layer.layernorm_after),
                            ("mlp.fc1", layer.mlp.fc1), ("mlp.fc2", layer.mlp.fc2)):
                out[b + name + "." + part] = get(getattr(m, part))
    out["norm.weight"], out["norm.bias"] = get(model.layernorm.weight), get(model.layernorm.bias)
    return out


def names(encoder, predictor, get):
    out = encoder_names(encoder, get)
    out |= {"decoder_embed.weight": get(predictor.embed.weight), "decoder_embed.bias": get(predictor.embed.bias),
            "mask_token": get(predictor.token)}
    for i, block in enumerate(predictor.blocks):
        for name, p in block.named_parameters():
            out[f"decoder_blocks.{i}.{name}"] = get(p)
    for part in ("weight", "bias"):
        out["decoder_norm." + part] = get(getattr(predictor.norm, part))
        out["decoder_pred." + part] = get(getattr(predictor.proj, part))
    return out


def loss_of(encoder, predictor, teacher, x, lists):
    total, rows, predictions, targets = 0, 0, [], []
    for b, (keep, blocks) in enumerate(lists):
        context = encode(encoder, x[b:b + 1], keep)
        with torch.no_grad():
            target = F.layer_norm(encode(teacher, x[b:b + 1]), (D,))
        for block in blocks:
            y = predictor(context, keep, block)
            total = total + F.smooth_l1_loss(y, target[:, block], reduction="none").mean(-1).sum()
            rows += len(block)
            predictions.append(y[0])
            targets.append(target[0, block])
    return total / rows, predictions, targets


def generate(name, lists, folder):
    torch.manual_seed(sorted(CASES).index(name) + 1)
    torch.set_num_threads(1)
    config = IJepaConfig(hidden_size=D, num_hidden_layers=DEPTH, num_attention_heads=HEADS, intermediate_size=MLP,
                         image_size=SIDE, patch_size=PATCH, num_channels=C, layer_norm_eps=1e-6, hidden_dropout_prob=0.0,
                         attention_probs_dropout_prob=0.0)
    encoder, predictor = IJepaModel(config).eval(), Predictor()
    with torch.no_grad():
        for key, p in list(encoder.named_parameters()) + list(predictor.named_parameters()):
            p.normal_(0, 0.2)
            if "norm" in key and key.endswith("weight"):
                p += 1
        encoder.embeddings.position_embeddings.copy_(sincos(D, (GRID, GRID))[:, 1:])
        encoder.embeddings.position_embeddings.requires_grad_(False)
    teacher = copy.deepcopy(encoder)
    with torch.no_grad():
        for p in teacher.parameters():
            if p.requires_grad:
                p += 0.05 * torch.randn_like(p)
    x = torch.randn(B, C, SIDE, SIDE)
    longest = max(len(keep) for keep, _ in lists), max(len(b) for _, blocks in lists for b in blocks)
    keep = torch.full((B, longest[0]), -1, dtype=torch.int32)
    block = torch.full((B, M, longest[1]), -1, dtype=torch.int32)
    mask = torch.ones(B, GRID * GRID)
    for b, (k, blocks) in enumerate(lists):
        keep[b, :len(k)] = torch.tensor(k)
        mask[b, k] = 0
        for i, patches in enumerate(blocks):
            block[b, i, :len(patches)] = torch.tensor(patches)
    copied = lambda t: t.detach().clone()
    given = {"view/0": x, "keep/0": keep, "blocks/0": block}
    given |= {"param/" + k: v for k, v in names(encoder, predictor, copied).items()}
    given |= {"teacher/" + k: v for k, v in encoder_names(teacher, copied).items()}
    trained = [p for p in list(encoder.parameters()) + list(predictor.parameters()) if p.requires_grad]
    groups = [dict(params=[p for p in trained if p.ndim > 1 and p is not predictor.token], weight_decay=0.05),
              dict(params=[p for p in trained if p.ndim == 1 or p is predictor.token], weight_decay=0.0)]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.999), eps=1e-8)
    out, losses = {"mask": mask}, []
    for t in range(STEPS):
        optimizer.zero_grad()
        loss, predictions, targets = loss_of(encoder, predictor, teacher, x, lists)
        loss.backward()
        losses.append(loss.detach())
        if t == 0:
            if name == "equal":  # without padding every row of the dump means something
                out["prediction"] = torch.stack(predictions).detach().reshape(B, -1, D)
                out["target"] = torch.stack(targets).reshape(B, -1, D)
            out |= {"grad/" + k: v for k, v in names(encoder, predictor, lambda p: p.grad.clone()).items()}
        optimizer.step()
        decay = EMA[0] + (EMA[1] - EMA[0]) * t / STEPS
        with torch.no_grad():
            for a, p in zip(teacher.parameters(), encoder.parameters()):
                a.mul_(decay).add_((1 - decay) * p)
    out["loss"] = torch.stack(losses)
    out |= {"after/" + k: v for k, v in names(encoder, predictor, copied).items()}
    out |= {"teacher_after/" + k: v for k, v in encoder_names(teacher, copied).items()}
    meta = dict(format="pt", torch=torch.__version__, transformers=transformers.__version__, timm=timm.__version__,
                generator="tests/reference/ijepa.py")
    save_file({k: v.contiguous() for k, v in given.items()}, f"{folder}/{name}.in.safetensors", meta)
    save_file({k: v.contiguous() for k, v in out.items()}, f"{folder}/{name}.out.safetensors", meta)
    print(name, [round(float(v), 6) for v in losses])


if __name__ == "__main__":
    for case, lists in CASES.items():
        generate(case, lists, sys.argv[1])
