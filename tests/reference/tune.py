"""Reference numbers for fine-tuning and attentive probes, by timm and PyTorch: tests/reference/tune/.

    python tests/reference/tune.py OUT_FOLDER

classifier.safetensors  a timm VisionTransformer (global_pool="avg", with fc_norm) of 2 blocks: weights, pictures, soft targets,
                        logits, loss, gradients, and the weights after five AdamW steps with timm's layer-wise rates
attentive.safetensors   torch.nn.MultiheadAttention with one learned query over that network's tokens, LayerNorm, Linear: the same
mix.safetensors         timm.data.Mixup in mode "batch": pictures and targets before and after, lambda, rectangle
layers.txt              scale of the rate of each parameter, by timm.optim.param_groups_layer_decay
"""
import sys

import numpy as np
import timm
import torch
from safetensors.torch import save_file
from timm.data.mixup import Mixup
from timm.optim import param_groups_layer_decay

out = sys.argv[1]
torch.manual_seed(0)
torch.set_num_threads(1)
WIDTH, DEPTH, HEADS, CLASSES, SIDE, PATCH, BATCH = 8, 2, 2, 3, 8, 4, 6


def vit(**more):
    net = timm.models.vision_transformer.VisionTransformer(
        img_size=SIDE, patch_size=PATCH, in_chans=1, num_classes=CLASSES, embed_dim=WIDTH, depth=DEPTH, num_heads=HEADS,
        norm_layer=lambda n, **_: torch.nn.LayerNorm(n, eps=1e-6), **more)
    for p in net.parameters():
        p.data = torch.randn_like(p) * 0.3 + (1 if p.ndim == 1 and p.numel() == WIDTH else 0) * 0.5
    return net.train()


def loss_of(logits, target):
    return torch.sum(-target * torch.log_softmax(logits, -1), -1).mean()


pictures = torch.randn(BATCH, 1, SIDE, SIDE)
target = torch.softmax(2 * torch.randn(BATCH, CLASSES), -1)


def record(net, forward, groups, names, path, **more):
    tensors = {"pictures": pictures, "target": target.reshape(BATCH, 1, CLASSES), **more}
    tensors |= {"weights/" + k: v.detach().clone() for k, v in names.items()}
    optimizer = torch.optim.AdamW(groups, lr=1e-2, betas=(0.9, 0.999), eps=1e-8)
    for step in range(5):
        optimizer.zero_grad()
        logits = forward(net)
        loss = loss_of(logits, target)
        loss.backward()
        if step == 0:
            tensors["logits"] = logits.detach().reshape(BATCH, 1, CLASSES).clone()
            tensors["loss"] = loss.detach().reshape(1).clone()
            tensors |= {"gradient/" + k: v.grad.clone() for k, v in names.items() if v.grad is not None}
        optimizer.step()
    tensors |= {"after/" + k: v.detach().clone() for k, v in names.items()}
    save_file({k: v.contiguous().float() for k, v in tensors.items()}, f"{out}/{path}")


# the whole network
net = vit(global_pool="avg")
names = {k: v for k, v in net.named_parameters()}
groups = param_groups_layer_decay(net, weight_decay=0.05, layer_decay=0.75, no_weight_decay_list=net.no_weight_decay())
scale = {}
for g in groups:
    for p in g["params"]:
        for k, v in names.items():
            if v is p:
                scale[k] = g["lr_scale"]
    g["lr"] = 1e-2 * g["lr_scale"]
with open(f"{out}/layers.txt", "w") as f:
    f.write("# by tests/reference/tune.py with timm " + timm.__version__ + ": name, scale at layer decay .75\n")
    for k in names:
        f.write(f"{k} {scale[k]:.9g}\n")
record(net, lambda n: n(pictures), groups, names, "classifier.safetensors")

# a query over the frozen network's patch tokens
net = vit(global_pool="token")


class Attentive(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.query = torch.nn.Parameter(torch.randn(1, 1, WIDTH) * 0.5)
        self.attention = torch.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
        self.norm = torch.nn.LayerNorm(WIDTH, eps=1e-6)
        self.head = torch.nn.Linear(WIDTH, CLASSES)
        for p in self.parameters():
            p.data = torch.randn_like(p) * 0.4

    def forward(self, tokens):
        query = self.query.expand(len(tokens), -1, -1)
        y = self.attention(query, tokens, tokens, need_weights=False)[0]
        return self.head(self.norm(y))[:, 0]


probe = Attentive()
with torch.no_grad():
    tokens = net.eval().forward_features(pictures)[:, 1:]
names = {"attend.query": probe.query, "attend.qkv.weight": probe.attention.in_proj_weight,
         "attend.qkv.bias": probe.attention.in_proj_bias, "attend.proj.weight": probe.attention.out_proj.weight,
         "attend.proj.bias": probe.attention.out_proj.bias, "attend.norm.weight": probe.norm.weight,
         "attend.norm.bias": probe.norm.bias, "head.weight": probe.head.weight, "head.bias": probe.head.bias}
decayed = [v for k, v in names.items() if v.ndim == 2]
groups = [{"params": decayed, "weight_decay": 0.05}, {"params": [v for v in names.values() if v.ndim != 2], "weight_decay": 0}]
frozen = {"weights/" + k: v.detach().clone() for k, v in net.named_parameters() if not k.startswith("head")}
record(probe, lambda n: n(tokens), groups, names, "attentive.safetensors", **frozen)

# mixtures: seeds that give one mixup and two cuts, one of them cut off by the border
tensors = {}
x = torch.randn(4, 2, 6, 7)
labels = torch.tensor([0, 2, 1, 2])
tensors["pictures"] = x.clone()
for index, (seed, mixup, cutmix) in enumerate([(0, 0.8, 0.0), (3, 0.0, 1.0), (7, 0.0, 1.0)]):
    mixer = Mixup(mixup_alpha=mixup, cutmix_alpha=cutmix, mode="batch", label_smoothing=0.1, num_classes=CLASSES)
    seen = {}
    whole = timm.data.mixup.cutmix_bbox_and_lam

    def spy(*a, **k):
        seen["box"], seen["lam"] = whole(*a, **k)
        return seen["box"], seen["lam"]

    timm.data.mixup.cutmix_bbox_and_lam = spy
    np.random.seed(seed)
    if not cutmix:
        lam = mixer._params_per_batch()[0]
        np.random.seed(seed)
        seen = {"box": (0, 0, 0, 0), "lam": lam}
    mixed, targets = mixer(x.clone(), labels)
    timm.data.mixup.cutmix_bbox_and_lam = whole
    tensors[f"mixed/{index}"] = mixed
    tensors[f"targets/{index}"] = targets
    tensors[f"mix/{index}"] = torch.tensor([float(seen["lam"]), float(bool(cutmix)), *map(float, seen["box"])], dtype=torch.float64)
    print(index, seen)
save_file({k: v.contiguous() for k, v in tensors.items()}, f"{out}/mix.safetensors")
with open(f"{out}/versions.txt", "w") as f:
    f.write(f"torch {torch.__version__}, timm {timm.__version__}, numpy {np.__version__}\n")
