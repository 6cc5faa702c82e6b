#!/usr/bin/env python3
"""Steps of CMAE (arXiv 2207.13532) in plain PyTorch, written from the paper: inputs and every number that `lacuna step` must
give for them. tests/cli/step_cmae.sh compares.

    cmae.py FOLDER     writes FOLDER/cmae.in.safetensors and FOLDER/cmae.out.safetensors (tests/reference/cmae)

A masked autoencoder, a second decoder whose output is averaged, projected and predicted from, and an EMA teacher of
encoder and projector that sees another view whole, before its final norm. Five AdamW steps (lr 1e-3, decay .05 on matrices)
on the same inputs.
"""
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from teacher import block_names
from tokens import sincos

B, SIDE, PATCH, D, DEPTH, HEADS, STEPS = 4, 12, 4, 8, 2, 2, 5
N, V, HIDDEN, OUT = (SIDE // PATCH) ** 2, 4, 12, 6
TAU, WEIGHT, EMA = 0.2, 0.4, (0.8, 0.95)


def decoder_names(prefix, depth, values):
    p = {prefix + "decoder_embed.weight": (D, D), prefix + "decoder_embed.bias": (D,), prefix + "mask_token": (1, 1, D)}
    for i in range(depth):
        p |= {prefix + "decoder_" + k: v for k, v in block_names(i).items()}
    return p | {prefix + "decoder_norm.weight": (D,), prefix + "decoder_norm.bias": (D,),
                prefix + "decoder_pred.weight": (values, D), prefix + "decoder_pred.bias": (values,)}


def head_names(name, into):
    return {f"{name}.0.weight": (HIDDEN, into), f"{name}.0.bias": (HIDDEN,), f"{name}.norm0.weight": (HIDDEN,),
            f"{name}.norm0.bias": (HIDDEN,), f"{name}.1.weight": (OUT, HIDDEN), f"{name}.1.bias": (OUT,)}


def parameters():
    p = {"cls_token": (1, 1, D), "patch_embed.proj.weight": (D, 1, PATCH, PATCH), "patch_embed.proj.bias": (D,)}
    for i in range(DEPTH):
        p |= block_names(i)
    p |= {"norm.weight": (D,), "norm.bias": (D,)}
    p |= head_names("projector", D)
    taught = list(p)
    p |= head_names("predictor", OUT) | decoder_names("feature_", 1, D) | decoder_names("", 2, PATCH * PATCH)
    return p, taught


def block(p, b, z):
    y = F.layer_norm(z, (D,), p[b + "norm1.weight"], p[b + "norm1.bias"], 1e-6)
    qkv = F.linear(y, p[b + "attn.qkv.weight"], p[b + "attn.qkv.bias"])
    q, k, v = qkv.reshape(len(z), -1, 3, HEADS, D // HEADS).permute(2, 0, 3, 1, 4)
    y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
    z = z + F.linear(y, p[b + "attn.proj.weight"], p[b + "attn.proj.bias"])
    y = F.layer_norm(z, (D,), p[b + "norm2.weight"], p[b + "norm2.bias"], 1e-6)
    y = F.gelu(F.linear(y, p[b + "mlp.fc1.weight"], p[b + "mlp.fc1.bias"]))
    return z + F.linear(y, p[b + "mlp.fc2.weight"], p[b + "mlp.fc2.bias"])


def encode(p, x, keep=None):
    """Tokens before the final norm."""
    z = F.conv2d(x, p["patch_embed.proj.weight"], p["patch_embed.proj.bias"], stride=PATCH).flatten(2).transpose(1, 2)
    z = z + sincos(D, SIDE // PATCH)
    if keep is not None:
        z = torch.gather(z, 1, keep[:, :, None].expand(-1, -1, D))
    z = torch.cat([p["cls_token"].expand(len(x), -1, -1), z], 1)
    for i in range(DEPTH):
        z = block(p, f"blocks.{i}.", z)
    return z


def decode(p, prefix, depth, features, keep):
    z = F.linear(features, p[prefix + "decoder_embed.weight"], p[prefix + "decoder_embed.bias"])
    full = p[prefix + "mask_token"].expand(len(z), N, -1).scatter(1, keep[:, :, None].expand(-1, -1, D), z[:, 1:])
    z = torch.cat([z[:, :1], full + sincos(D, SIDE // PATCH)], 1)
    for i in range(depth):
        z = block(p, f"{prefix}decoder_blocks.{i}.", z)
    z = F.layer_norm(z[:, 1:], (D,), p[prefix + "decoder_norm.weight"], p[prefix + "decoder_norm.bias"], 1e-6)
    return F.linear(z, p[prefix + "decoder_pred.weight"], p[prefix + "decoder_pred.bias"])


def head(p, name, x):
    x = F.linear(x, p[name + ".0.weight"], p[name + ".0.bias"])
    x = F.gelu(F.layer_norm(x, (HIDDEN,), p[name + ".norm0.weight"], p[name + ".norm0.bias"], 1e-6))
    return F.linear(x, p[name + ".1.weight"], p[name + ".1.bias"])


def patches(x):
    g = SIDE // PATCH
    return x.reshape(len(x), 1, g, PATCH, g, PATCH).permute(0, 2, 4, 3, 5, 1).reshape(len(x), N, -1)


def step(student, teacher, view0, view1, keep, mask):
    features = F.layer_norm(encode(student, view0, keep), (D,), student["norm.weight"], student["norm.bias"], 1e-6)
    y = decode(student, "", 2, features, keep)
    l2 = (((y - patches(view0)) ** 2).mean(-1) * mask).sum() / mask.sum()
    decoded = decode(student, "feature_", 1, features, keep)
    z = head(student, "predictor", head(student, "projector", decoded.mean(1)))
    with torch.no_grad():
        t = head(teacher, "projector", encode(teacher, view1)[:, 1:].mean(1))
    logits = F.normalize(z, dim=-1) @ F.normalize(t, dim=-1).T / TAU
    contrast = F.cross_entropy(logits, torch.arange(B))
    return l2 + WEIGHT * contrast, {"l2": l2, "infonce-batch": contrast}, {
        "prediction": y, "target": patches(view0), "projection": z[:, None], "teacher_projection": t[:, None]}


def main(folder):
    torch.manual_seed(1)
    torch.set_num_threads(1)
    shapes, taught = parameters()
    student = {k: torch.randn(s) * 0.3 + (1 if "norm" in k and k.endswith("weight") else 0) for k, s in shapes.items()}
    teacher = {k: student[k] + 0.05 * torch.randn(shapes[k]) for k in taught}
    view0 = torch.randn(B, 1, SIDE, SIDE)
    view1 = view0 * 0.8 + 0.3 * torch.randn(B, 1, SIDE, SIDE)
    keep = torch.rand(B, N).argsort(1)[:, :V].sort(1).values
    mask = torch.ones(B, N).scatter(1, keep, 0)
    given = {"view/0": view0, "view/1": view1, "keep/0": keep.int()}
    given |= {"param/" + k: v.clone() for k, v in student.items()}
    given |= {"teacher/" + k: v.clone() for k, v in teacher.items()}
    for v in student.values():
        v.requires_grad_()
    is_token = lambda k: k.endswith("token")
    decayed = [v for k, v in student.items() if v.ndim > 1 and not is_token(k)]
    others = [v for k, v in student.items() if v.ndim == 1 or is_token(k)]
    optimizer = torch.optim.AdamW([dict(params=decayed, weight_decay=0.05), dict(params=others, weight_decay=0.0)],
                                  lr=1e-3, betas=(0.9, 0.95), eps=1e-8)
    out, losses, all_terms = {"mask": mask}, [], {}
    for t in range(STEPS):
        optimizer.zero_grad()
        loss, terms, tensors = step(student, teacher, view0, view1, keep, mask)
        loss.backward()
        losses.append(loss.detach())
        for k, v in terms.items():
            all_terms.setdefault("term/" + k, []).append(v.detach())
        if t == 0:
            out |= {k: v.detach().clone() for k, v in tensors.items()}
            out |= {"grad/" + k: torch.zeros_like(v) if v.grad is None else v.grad.clone() for k, v in student.items()}
        optimizer.step()
        decay = EMA[0] + (EMA[1] - EMA[0]) * t / STEPS
        with torch.no_grad():
            for k in teacher:
                teacher[k] = decay * teacher[k] + (1 - decay) * student[k]
    out["loss"] = torch.stack(losses)
    out |= {k: torch.stack(v) for k, v in all_terms.items()}
    out |= {"after/" + k: v.detach() for k, v in student.items()}
    out |= {"teacher_after/" + k: v for k, v in teacher.items()}
    meta = dict(format="pt", torch=torch.__version__, generator="tests/reference/cmae.py")
    save_file({k: v.contiguous() for k, v in given.items()}, f"{folder}/cmae.in.safetensors", meta)
    save_file({k: v.contiguous() for k, v in out.items()}, f"{folder}/cmae.out.safetensors", meta)
    print("cmae", [round(float(x), 6) for x in losses])


if __name__ == "__main__":
    main(sys.argv[1])
