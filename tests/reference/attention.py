#!/usr/bin/env python3
"""What timm's vision transformer attends to, for masks that go by it. tests/method/attention_test.c compares.

    attention.py FILE      writes FILE (tests/reference/attention/vit.safetensors): weights, two pictures "view/0", and
                           "attention", the last block's softmax in the class token's row, averaged over heads, of patches

Weights are random and not small: near-equal attention would leave the order of patches to rounding.
Made with timm 1.0.31, torch 2.15.0.
"""
import sys

import torch
from safetensors.torch import save_file
from timm.models.vision_transformer import VisionTransformer

torch.manual_seed(3)
model = VisionTransformer(img_size=16, patch_size=4, in_chans=1, num_classes=0, embed_dim=8, depth=2, num_heads=2,
                          mlp_ratio=2).double().eval()
with torch.no_grad():
    for p in model.parameters():
        p.copy_(torch.randn_like(p) * 0.5)
for block in model.blocks:
    block.attn.fused_attn = False
    for norm in (block.norm1, block.norm2):
        norm.eps = 1e-6
seen = []
model.blocks[-1].attn.attn_drop.register_forward_hook(lambda module, args, out: seen.append(out))
picture = torch.randn(2, 1, 16, 16, dtype=torch.float64)
with torch.no_grad():
    model(picture)
attention = seen[0].mean(1)[:, 0, 1:]
tensors = {"view/0": picture, "attention": attention, **model.state_dict()}
save_file({k: v.float().contiguous() for k, v in tensors.items()}, sys.argv[1], {"timm": "1.0.31", "torch": "2.15.0"})
