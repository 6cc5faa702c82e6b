#!/usr/bin/env python3
"""Steps of methods with a teacher, written from the papers in plain PyTorch: inputs and every number that `lacuna step`
must give for them. tests/cli/step_teacher.sh compares.

    teacher.py FOLDER     writes FOLDER/NAME.in.safetensors and FOLDER/NAME.out.safetensors (tests/reference/teacher)

msc: InfoNCE between patches of a masked and a whole view, shared weights; conmim (arXiv 2205.09616): the same with an EMA
teacher, hidden patches only; data2vec (arXiv 2202.03555): the mean of the EMA teacher's normed last blocks at the hidden
patches, smooth L1; siamese (arXiv 2011.10566): cosine of pooled projections, with predictor and stopped gradient, and
`learning`: without either. Networks are tiny; five AdamW steps (lr 1e-3, decay .05 on matrices) on the same inputs.
"""
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

B, SIDE, PATCH, D, DEPTH, HEADS, MLP, STEPS = 3, 12, 4, 8, 2, 2, 16, 5
N = (SIDE // PATCH) ** 2
HIDDEN, OUT = 12, 6

CASES = {
    # ema: decay at the first and past the last step, linear; head: layer norm in it
    "msc": dict(form="patch", on="all", tau=0.1),
    "conmim": dict(form="patch", on="hidden", tau=0.2, ema=(0.9, 1.0)),
    "data2vec": dict(form="layers", ema=(0.8, 0.95), layers=2, beta=0.5),
    "siamese": dict(form="picture", predictor=True, stop=True),
    "learning": dict(form="picture", predictor=False, stop=False),
}


def block_names(i):
    return {f"blocks.{i}.norm1.weight": (D,), f"blocks.{i}.norm1.bias": (D,), f"blocks.{i}.attn.qkv.weight": (3 * D, D),
            f"blocks.{i}.attn.qkv.bias": (3 * D,), f"blocks.{i}.attn.proj.weight": (D, D),
            f"blocks.{i}.attn.proj.bias": (D,), f"blocks.{i}.norm2.weight": (D,), f"blocks.{i}.norm2.bias": (D,),
            f"blocks.{i}.mlp.fc1.weight": (MLP, D), f"blocks.{i}.mlp.fc1.bias": (MLP,),
            f"blocks.{i}.mlp.fc2.weight": (D, MLP), f"blocks.{i}.mlp.fc2.bias": (D,)}


def parameters(c):
    p = {"cls_token": (1, 1, D), "pos_embed": (1, 1 + N, D), "patch_embed.proj.weight": (D, 1, PATCH, PATCH),
         "patch_embed.proj.bias": (D,)}
    for i in range(DEPTH):
        p |= block_names(i)
    p |= {"norm.weight": (D,), "norm.bias": (D,)}
    teacher = dict(p)
    if c["form"] != "picture":
        p["mask_token"] = (1, 1, D)
    head = {"projector.0.weight": (HIDDEN, D), "projector.0.bias": (HIDDEN,), "projector.norm0.weight": (HIDDEN,),
            "projector.norm0.bias": (HIDDEN,), "projector.1.weight": (OUT, HIDDEN), "projector.1.bias": (OUT,)}
    if c["form"] == "layers":
        p |= {"decoder_pred.weight": (D, D), "decoder_pred.bias": (D,)}
    else:
        p |= head
        teacher |= head
    if c.get("predictor"):
        p |= {"predictor.0.weight": (HIDDEN, OUT), "predictor.0.bias": (HIDDEN,), "predictor.1.weight": (OUT, HIDDEN),
              "predictor.1.bias": (OUT,)}
    return p, list(teacher)


def encode(p, x, mask=None, keep=None):
    z = F.conv2d(x, p["patch_embed.proj.weight"], p["patch_embed.proj.bias"], stride=PATCH).flatten(2).transpose(1, 2)
    if mask is not None:
        z = torch.where(mask[:, :, None] > 0, p["mask_token"], z)
    z = z + p["pos_embed"][:, 1:]
    if keep is not None:
        z = torch.gather(z, 1, keep[:, :, None].expand(-1, -1, D))
    z = torch.cat([(p["cls_token"] + p["pos_embed"][:, :1]).expand(x.shape[0], -1, -1), z], 1)
    layers = []
    for i in range(DEPTH):
        y = F.layer_norm(z, (D,), p[f"blocks.{i}.norm1.weight"], p[f"blocks.{i}.norm1.bias"], 1e-6)
        q, k, v = F.linear(y, p[f"blocks.{i}.attn.qkv.weight"], p[f"blocks.{i}.attn.qkv.bias"]).reshape(
            x.shape[0], -1, 3, HEADS, D // HEADS).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        z = z + F.linear(y, p[f"blocks.{i}.attn.proj.weight"], p[f"blocks.{i}.attn.proj.bias"])
        y = F.layer_norm(z, (D,), p[f"blocks.{i}.norm2.weight"], p[f"blocks.{i}.norm2.bias"], 1e-6)
        y = F.gelu(F.linear(y, p[f"blocks.{i}.mlp.fc1.weight"], p[f"blocks.{i}.mlp.fc1.bias"]))
        z = z + F.linear(y, p[f"blocks.{i}.mlp.fc2.weight"], p[f"blocks.{i}.mlp.fc2.bias"])
        layers.append(z)
    return F.layer_norm(z, (D,), p["norm.weight"], p["norm.bias"], 1e-6), layers


def project(p, x):
    x = F.linear(x, p["projector.0.weight"], p["projector.0.bias"])
    x = F.gelu(F.layer_norm(x, (HIDDEN,), p["projector.norm0.weight"], p["projector.norm0.bias"], 1e-6))
    return F.linear(x, p["projector.1.weight"], p["projector.1.bias"])


def predict(p, x):
    return F.linear(F.gelu(F.linear(x, p["predictor.0.weight"], p["predictor.0.bias"])), p["predictor.1.weight"],
                    p["predictor.1.bias"])


def step(c, student, teacher, view0, view1, mask, keep):
    if c["form"] == "picture":
        z = project(student, encode(student, view0, keep=keep)[0][:, 1:].mean(1))
        t = project(teacher, encode(teacher, view1)[0][:, 1:].mean(1))
        if c["stop"]:
            t = t.detach()
        z = predict(student, z) if c["predictor"] else z
        loss = (1 - F.cosine_similarity(z, t, dim=-1)).mean()
        return loss, {"projection": z[:, None], "teacher_projection": t[:, None]}
    if c["form"] == "layers":
        y = F.linear(encode(student, view0, mask)[0][:, 1:], student["decoder_pred.weight"], student["decoder_pred.bias"])
        with torch.no_grad():
            last = encode(teacher, view0)[1][-c["layers"]:]
            t = sum(F.layer_norm(x[:, 1:], (D,)) for x in last) / len(last)
            t = F.layer_norm(t, (D,))
        loss = F.smooth_l1_loss(y, t, beta=c["beta"], reduction="none").mean(-1)
        return (loss * mask).sum() / mask.sum(), {"prediction": y, "target": t}
    z = project(student, encode(student, view0, mask)[0][:, 1:])
    with torch.no_grad():
        t = project(teacher, encode(teacher, view1)[0][:, 1:])
    logits = F.normalize(z, dim=-1) @ F.normalize(t, dim=-1).transpose(1, 2) / c["tau"]
    labels = torch.arange(N).expand(B, N)
    losses = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none").view(B, N)
    weight = mask if c["on"] == "hidden" else torch.ones_like(mask)
    return (losses * weight).sum() / weight.sum(), {"projection": z, "teacher_projection": t}


def generate(name, c, folder):
    torch.manual_seed(sorted(CASES).index(name) + 1)
    torch.set_num_threads(1)
    shapes, taught = parameters(c)
    student = {k: (torch.randn(s) * 0.2 + (1 if "norm" in k and k.endswith("weight") else 0)) for k, s in shapes.items()}
    teacher = {k: student[k] + 0.05 * torch.randn(shapes[k]) for k in taught} if "ema" in c else None
    view0 = torch.randn(B, 1, SIDE, SIDE)
    view1 = view0 * 0.8 + 0.3 * torch.randn(B, 1, SIDE, SIDE)
    mask = torch.zeros(B, N)
    keep = None
    given = {"view/0": view0}
    if c["form"] != "layers":
        given["view/1"] = view1
    if c["form"] == "picture":  # four of nine visible, as many in every picture
        keep = torch.rand(B, N).argsort(1)[:, :4].sort(1).values
        mask = torch.ones(B, N).scatter(1, keep, 0)
        given["keep/0"] = keep.int()
    elif name == "msc":  # of a mask with a fixed count: int(9 * (1 - .6)) = 3 visible
        mask = torch.ones(B, N).scatter(1, torch.rand(B, N).argsort(1)[:, :3], 0)
        given["mask/0"] = mask
    else:  # another number in every picture
        for b in range(B):
            mask[b, torch.randperm(N)[:3 + 2 * b]] = 1
        given["mask/0"] = mask
    given |= {"param/" + k: v.clone() for k, v in student.items()}
    if teacher:
        given |= {"teacher/" + k: v.clone() for k, v in teacher.items()}
    for v in student.values():
        v.requires_grad_()
    tokens = ("cls_token", "mask_token", "pos_embed")
    decayed = [v for k, v in student.items() if v.ndim > 1 and k not in tokens]
    others = [v for k, v in student.items() if v.ndim == 1 or k in tokens]
    optimizer = torch.optim.AdamW([dict(params=decayed, weight_decay=0.05), dict(params=others, weight_decay=0.0)],
                                  lr=1e-3, betas=(0.9, 0.95), eps=1e-8)
    out, losses = {"mask": mask}, []
    for t in range(STEPS):
        optimizer.zero_grad()
        loss, tensors = step(c, student, teacher or student, view0, view1, mask, keep)
        loss.backward()
        losses.append(loss.detach())
        if t == 0:
            out |= {k: v.detach().clone() for k, v in tensors.items()}
            out |= {"grad/" + k: torch.zeros_like(v) if v.grad is None else v.grad.clone() for k, v in student.items()}
        optimizer.step()
        if teacher:
            decay = c["ema"][0] + (c["ema"][1] - c["ema"][0]) * t / STEPS
            with torch.no_grad():
                for k in teacher:
                    teacher[k] = decay * teacher[k] + (1 - decay) * student[k]
    out["loss"] = torch.stack(losses)
    out |= {"after/" + k: v.detach() for k, v in student.items()}
    if teacher:
        out |= {"teacher_after/" + k: v for k, v in teacher.items()}
    meta = dict(format="pt", torch=torch.__version__, generator="tests/reference/teacher.py")
    save_file({k: v.contiguous() for k, v in given.items()}, f"{folder}/{name}.in.safetensors", meta)
    save_file({k: v.contiguous() for k, v in out.items()}, f"{folder}/{name}.out.safetensors", meta)
    print(name, [round(float(x), 6) for x in losses])


if __name__ == "__main__":
    for case, settings in CASES.items():
        generate(case, settings, sys.argv[1])
