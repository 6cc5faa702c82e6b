#!/usr/bin/env python3
"""Steps of iBOT (arXiv 2111.07832) and DINO (arXiv 2104.14294): inputs and every number that `lacuna step` must give for
them. tests/cli/step_ibot.sh compares.

    ibot.py FOLDER     writes FOLDER/NAME.in.safetensors and FOLDER/NAME.out.safetensors (tests/reference/ibot)

The encoder's blocks are timm's, heads and losses lightly's (DINOProjectionHead, DINOLoss, IBOTPatchLoss); crops of two
sizes, masks, positions of the smaller ones, EMA and the patches' centre - over all of the teacher's patches, as in
iBOT's code, not over hidden ones as in DINOv2's, which lightly follows - are written here. ibot: learned positions, one
head for class token and patches. dino: sin-cos positions, no mask, prototypes held in the first steps. Five AdamW steps
(lr 1e-3, decay .05 on matrices) on the same inputs.
"""
import sys

import lightly
import timm
import torch
import torch.nn.functional as F
from lightly.loss import DINOLoss, IBOTPatchLoss
from lightly.models.modules.heads import DINOProjectionHead
from safetensors.torch import save_file
from timm.models.vision_transformer import VisionTransformer

B, SIDE, SMALL, PATCH, D, DEPTH, HEADS, STEPS = 3, (16, 12), (8, 8), 4, 8, 2, 2, 5
GRID, N = (4, 3), 12
HIDDEN, NECK, K, LARGE, N_SMALL = 12, 6, 10, 2, 3
TEMPERATURE = 0.1
CASES = {
    # teacher_temperature: from, to, over which share of the run; ema: decay, linear over it; weight of the two terms
    "ibot": dict(temperature=(0.04, 0.07, 0.6), ema=(0.8, 0.95), weights=(1.0, 0.7), momentum=(0.9, 0.8), held=0.0),
    "dino": dict(temperature=(0.05, 0.05, 1.0), ema=(0.9, 1.0), weights=(1.0, 0.0), momentum=(0.9, 0.9), held=0.3),
}


def sincos(grid):
    """Columns first, then rows; a row of zeros for the class token."""
    k = D // 4
    w = 10000 ** (-torch.arange(k, dtype=torch.float64) / k)
    rows, columns = torch.meshgrid(*(torch.arange(g, dtype=torch.float64) for g in grid), indexing="ij")
    parts = [f(p.reshape(-1, 1) * w) for p in (columns, rows) for f in (torch.sin, torch.cos)]
    return torch.cat([torch.zeros(1, D, dtype=torch.float64), torch.cat(parts, 1)])[None].float()


class Network(torch.nn.Module):
    def __init__(self, name):
        super().__init__()
        self.vit = VisionTransformer(img_size=SIDE, patch_size=PATCH, in_chans=1, num_classes=0, embed_dim=D, depth=DEPTH,
                                     num_heads=HEADS, mlp_ratio=2)
        self.head = DINOProjectionHead(D, HIDDEN, NECK, K)
        self.is_learned = name == "ibot"
        if self.is_learned:
            self.mask_token = torch.nn.Parameter(torch.zeros(1, 1, D))

    def positions(self, grid):
        if not self.is_learned:
            return sincos(grid)
        p = self.vit.pos_embed
        if grid == GRID:
            return p
        patches = p[:, 1:].reshape(1, *GRID, D).permute(0, 3, 1, 2)
        patches = F.interpolate(patches, size=grid, mode="bicubic", align_corners=False)
        return torch.cat([p[:, :1], patches.permute(0, 2, 3, 1).reshape(1, -1, D)], 1)

    def tokens(self, x, mask=None):
        grid = tuple(s // PATCH for s in x.shape[2:])
        z = self.vit.patch_embed.proj(x).flatten(2).transpose(1, 2)
        if mask is not None:
            z = torch.where(mask[:, :, None], self.mask_token, z)
        z = torch.cat([self.vit.cls_token.expand(len(x), -1, -1), z], 1) + self.positions(grid)
        for block in self.vit.blocks:
            z = block(z)
        return self.vit.norm(z)

    def named(self):
        """Lacuna's names, and what of it the optimizer may decay."""
        head = {"layers.0": "0", "layers.2": "1", "layers.4": "2"}
        out = {}
        for k, v in self.named_parameters():
            k = k.removeprefix("vit.")
            if k.startswith("head."):
                if k.endswith("weight_g"):
                    continue
                k = k.removeprefix("head.").replace("last_layer.weight_v", "prototypes.weight")
                for a, b in head.items():
                    k = k.replace(a + ".", b + ".")
                k = "projector." + k
            if k == "pos_embed" and not self.is_learned:
                continue
            out[k] = v
        return out


def step(c, student, teacher, views, mask, dino, ibot, temperature):
    large, small = torch.cat(views[:LARGE]), torch.cat(views[LARGE:])
    z, s = student.tokens(large, mask), student.tokens(small)[:, 0]
    with torch.no_grad():
        t = teacher.tokens(large)
    if ibot is None:  # class tokens alone
        z, t = z[:, :1], t[:, :1]
    z, s = student.head(z), student.head(s)
    with torch.no_grad():
        t = teacher.head(t)
    first = dino(list(t[:, 0].chunk(LARGE)), list(z[:, 0].chunk(LARGE)) + list(s.chunk(N_SMALL)), teacher_temp=temperature)
    terms, loss = {"dino": first}, c["weights"][0] * first
    if ibot is not None:
        centre = ibot.center.value.clone()
        second = ibot(t[:, 1:][mask], z[:, 1:][mask], mask.reshape(-1, *GRID), teacher_temp=temperature)
        momentum = c["momentum"][1]
        ibot.center.center.data = momentum * centre + (1 - momentum) * t[:, 1:].mean((0, 1))[None]
        terms["ibot"] = second
        loss = loss + c["weights"][1] * second
    return loss, terms, {"projection": z, "teacher_projection": t}


def run(name, c, folder):
    torch.manual_seed(4)
    student, teacher = Network(name), Network(name)
    with torch.no_grad():
        for k, v in student.named().items():
            v.copy_(torch.randn(v.shape) * 0.3 + (1 if "norm" in k and k.endswith("weight") else 0))
        for k, v in teacher.named().items():
            v.copy_(student.named()[k] + 0.1 * torch.randn(v.shape))
    views = [torch.randn(B, 1, *SIDE) for _ in range(LARGE)] + [torch.randn(B, 1, *SMALL) for _ in range(N_SMALL)]
    mask = torch.rand(LARGE * B, N) < 0.4
    mask[1] = False  # a picture of which nothing is hidden
    dino = DINOLoss(K, teacher_temp=c["temperature"][0], student_temp=TEMPERATURE, center_momentum=c["momentum"][0])
    dino.center.data = 0.1 * torch.randn(1, 1, K)
    ibot = None
    if name == "ibot":
        ibot = IBOTPatchLoss(K, student_temp=TEMPERATURE, center_momentum=c["momentum"][1])
        ibot.center.center.data = 0.1 * torch.randn(1, K)
    given = {f"view/{v}": x for v, x in enumerate(views)}
    given |= {"param/" + k: v.detach().clone() for k, v in student.named().items()}
    given |= {"teacher/" + k: v.detach().clone() for k, v in teacher.named().items() if k != "mask_token"}
    given["buffer/dino.centre"] = dino.center.reshape(K).clone()
    if ibot is not None:
        given["buffer/ibot.centre"] = ibot.center.value.reshape(K).clone()
        given["mask/0"] = mask.float()
    parameters = student.named()
    groups = {}
    for k, v in parameters.items():
        key = (v.ndim > 1 and not k.endswith("token") and k != "pos_embed", k == "projector.prototypes.weight")
        groups.setdefault(key, []).append(v)
    optimizer = torch.optim.AdamW([dict(params=v, weight_decay=0.05 * k[0], is_held=k[1]) for k, v in groups.items()],
                                  lr=1e-3, betas=(0.9, 0.95), eps=1e-8)
    out, losses, all_terms = {"mask": mask.float() if ibot is not None else torch.zeros(LARGE * B, N)}, [], {}
    for t in range(STEPS):
        share = t / STEPS
        low, high, over = c["temperature"]
        for group in optimizer.param_groups:
            group["lr"] = 0 if group["is_held"] and share < c["held"] else 1e-3
        optimizer.zero_grad()
        loss, terms, tensors = step(c, student, teacher, views, mask if ibot is not None else None, dino, ibot,
                                    low + (high - low) * min(share / over, 1))
        loss.backward()
        losses.append(loss.detach())
        for k, v in terms.items():
            all_terms.setdefault("term/" + k, []).append(v.detach())
        if t == 0:
            out |= {k: v.detach().clone() for k, v in tensors.items()}
            out |= {"grad/" + k: torch.zeros_like(v) if v.grad is None else v.grad.clone() for k, v in parameters.items()}
        optimizer.step()
        decay = c["ema"][0] + (c["ema"][1] - c["ema"][0]) * share
        with torch.no_grad():
            for k, v in teacher.named().items():
                v.copy_(decay * v + (1 - decay) * parameters[k])
    out["loss"] = torch.stack(losses)
    out |= {k: torch.stack(v) for k, v in all_terms.items()}
    out |= {"after/" + k: v.detach() for k, v in parameters.items()}
    out |= {"teacher_after/" + k: v.detach() for k, v in teacher.named().items() if k != "mask_token"}
    out["buffer_after/dino.centre"] = dino.center.reshape(K)
    if ibot is not None:
        out["buffer_after/ibot.centre"] = ibot.center.value.reshape(K)
    meta = dict(format="pt", torch=torch.__version__, timm=timm.__version__, lightly=lightly.__version__,
                generator="tests/reference/ibot.py")
    save_file({k: v.contiguous() for k, v in given.items()}, f"{folder}/{name}.in.safetensors", meta)
    save_file({k: v.contiguous() for k, v in out.items()}, f"{folder}/{name}.out.safetensors", meta)
    print(name, [round(float(x), 6) for x in losses])


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name, case in CASES.items():
        run(name, case, sys.argv[1])
