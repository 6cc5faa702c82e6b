#!/usr/bin/env python3
"""Steps of methods whose attention has relative positions, with transformers' models: inputs and every number that
`lacuna step` must give for them. tests/cli/step_relative.sh compares.

    relative.py FOLDER     writes FOLDER/NAME.in.safetensors and FOLDER/NAME.out.safetensors (tests/reference/relative)

simmim (arXiv 2111.09886): transformers' BeitModel, which is its code's ViT (one shared table, layer scale, no key bias,
class token), with a linear head and the absolute error of hidden pixels. data2vec (arXiv 2202.03555): transformers'
Data2VecVisionModel, a table in each block, against an EMA copy's last blocks. Weights are random and not small, so that no
part of the computation is hidden by another; five AdamW steps (lr 1e-3, decay .05 on matrices) on the same inputs. The grid
is square: of an oblong one transformers takes the table's rows for columns before it interpolates to the same size.
"""
import copy
import sys

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file
from torch import nn
from transformers import BeitConfig, BeitModel, Data2VecVisionConfig, Data2VecVisionModel

B, HEIGHT, WIDTH, PATCH, C, D, DEPTH, HEADS, MLP, STEPS = 3, 12, 12, 4, 3, 12, 2, 3, 24, 5
N, LAYERS, BETA, EMA = (HEIGHT // PATCH) * (WIDTH // PATCH), 2, 0.5, (0.8, 0.95)


def config(kind, **more):
    return kind(hidden_size=D, num_hidden_layers=DEPTH, num_attention_heads=HEADS, intermediate_size=MLP,
                image_size=(HEIGHT, WIDTH), patch_size=PATCH, num_channels=C, layer_norm_eps=1e-6,
                use_mean_pooling=False, use_mask_token=True, use_absolute_position_embeddings=False,
                layer_scale_init_value=0.1, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
                drop_path_rate=0.0, **more)


def patches(x):
    """B x C x H x W -> B x N x (p, p, C)"""
    x = x.reshape(B, C, HEIGHT // PATCH, PATCH, WIDTH // PATCH, PATCH)
    return x.permute(0, 2, 4, 3, 5, 1).reshape(B, N, -1)


def blocks_of(model):
    return model.layers if hasattr(model, "layers") else model.encoder.layer


def lacuna_names(model, get):
    """Of an encoder's tensors (their values or gradients); queries, keys and values are one matrix in Lacuna."""
    e = model.embeddings
    out = {"cls_token": get(e.cls_token), "mask_token": get(e.mask_token),
           "patch_embed.proj.weight": get(e.patch_embeddings.projection.weight),
           "patch_embed.proj.bias": get(e.patch_embeddings.projection.bias)}
    shared = getattr(model, "shared_position_bias", None)
    if shared is not None:
        out["rel_pos_bias.relative_position_bias_table"] = get(shared.relative_position_bias_table)
    for i, layer in enumerate(blocks_of(model)):
        b = f"blocks.{i}."
        if hasattr(layer.attention, "q_proj"):
            a, table = layer.attention, layer.relative_position_bias
            q, k, v, o, fc1, fc2 = a.q_proj, a.k_proj, a.v_proj, a.o_proj, layer.mlp.fc1, layer.mlp.fc2
        else:
            a = layer.attention.attention
            table = getattr(a, "relative_position_bias", None)
            q, k, v, o = a.query, a.key, a.value, layer.attention.output.dense
            fc1, fc2 = layer.intermediate.dense, layer.output.dense
        assert k.bias is None
        out[b + "attn.qkv.weight"] = torch.cat([get(m.weight) for m in (q, k, v)])
        out[b + "attn.q_bias"], out[b + "attn.v_bias"] = get(q.bias), get(v.bias)
        if table is not None:
            out[b + "attn.relative_position_bias_table"] = get(table.relative_position_bias_table)
        out[b + "ls1.gamma"], out[b + "ls2.gamma"] = get(layer.lambda_1), get(layer.lambda_2)
        for name, m in (("norm1", layer.layernorm_before), ("attn.proj", o), ("norm2", layer.layernorm_after),
                        ("mlp.fc1", fc1), ("mlp.fc2", fc2)):
            out[b + name + ".weight"], out[b + name + ".bias"] = get(m.weight), get(m.bias)
    out["norm.weight"], out["norm.bias"] = get(model.layernorm.weight), get(model.layernorm.bias)
    return out


class Method(nn.Module):
    def __init__(self, encoder, values):
        super().__init__()
        self.encoder, self.head = encoder, nn.Linear(D, values)

    def names(self, get):
        out = lacuna_names(self.encoder, get)
        out["decoder_pred.weight"], out["decoder_pred.bias"] = get(self.head.weight), get(self.head.bias)
        return out

    def predict(self, x, mask):
        return self.head(self.encoder(x, bool_masked_pos=mask.bool()).last_hidden_state[:, 1:])


def simmim(method, teacher, x, mask):
    y, t = method.predict(x, mask), patches(x)
    return ((y - t).abs().mean(-1) * mask).sum() / mask.sum(), {"prediction": y, "target": t}


def data2vec(method, teacher, x, mask):
    y = method.predict(x, mask)
    with torch.no_grad():
        outputs = []
        hooks = [b.register_forward_hook(lambda m, i, o: outputs.append(o[0] if isinstance(o, tuple) else o))
                 for b in blocks_of(teacher)[-LAYERS:]]
        teacher(x)
        for hook in hooks:
            hook.remove()
        t = F.layer_norm(sum(F.layer_norm(o[:, 1:], (D,)) for o in outputs) / LAYERS, (D,))
    loss = F.smooth_l1_loss(y, t, beta=BETA, reduction="none").mean(-1)
    return (loss * mask).sum() / mask.sum(), {"prediction": y, "target": t}


CASES = {
    "simmim": (lambda: BeitModel(config(BeitConfig, use_shared_relative_position_bias=True), add_pooling_layer=False),
               C * PATCH * PATCH, simmim, False),
    "data2vec": (lambda: Data2VecVisionModel(config(Data2VecVisionConfig, use_relative_position_bias=True),
                                             add_pooling_layer=False), D, data2vec, True),
}


def generate(name, folder):
    build, values, step, has_teacher = CASES[name]
    torch.manual_seed(sorted(CASES).index(name) + 1)
    torch.set_num_threads(1)
    method = Method(build(), values).eval()
    with torch.no_grad():
        for key, p in method.named_parameters():
            p.normal_(0, 1 if "bias_table" in key else 0.2)
            if ("norm" in key or "lambda" in key) and not key.endswith("bias"):
                p += 1
    teacher = None
    if has_teacher:
        teacher = copy.deepcopy(method.encoder)
        with torch.no_grad():
            for p in teacher.parameters():
                p += 0.05 * torch.randn_like(p)
    x, mask = torch.randn(B, C, HEIGHT, WIDTH), torch.zeros(B, N)
    for b in range(B):  # simmim's mask hides as many in every picture
        mask[b, torch.randperm(N)[:3 + b if has_teacher else 5]] = 1
    values_of = lambda t: t.detach().clone()
    given = {"view/0": x, "mask/0": mask} | {"param/" + k: v for k, v in method.names(values_of).items()}
    taught = lambda get: {k: v for k, v in lacuna_names(teacher, get).items() if k != "mask_token"}
    if teacher:
        given |= {"teacher/" + k: v for k, v in taught(values_of).items()}
    tokens = ("cls_token", "mask_token", "relative_position_bias_table")
    groups = {True: [], False: []}
    for key, p in method.named_parameters():
        groups[p.ndim > 1 and not key.endswith(tokens)].append(p)
    optimizer = torch.optim.AdamW([dict(params=groups[True], weight_decay=0.05),
                                   dict(params=groups[False], weight_decay=0.0)], lr=1e-3, betas=(0.9, 0.95), eps=1e-8)
    out, losses = {"mask": mask}, []
    for t in range(STEPS):
        optimizer.zero_grad()
        loss, tensors = step(method, teacher, x, mask)
        loss.backward()
        losses.append(loss.detach())
        if t == 0:
            out |= {k: v.detach().clone() for k, v in tensors.items()}
            out |= {"grad/" + k: v for k, v in method.names(lambda p: p.grad.clone()).items()}
        optimizer.step()
        if teacher:
            decay = EMA[0] + (EMA[1] - EMA[0]) * t / STEPS
            with torch.no_grad():
                for a, p in zip(teacher.parameters(), method.encoder.parameters()):
                    a.mul_(decay).add_((1 - decay) * p)
    out["loss"] = torch.stack(losses)
    out |= {"after/" + k: v for k, v in method.names(values_of).items()}
    if teacher:
        out |= {"teacher_after/" + k: v for k, v in taught(values_of).items()}
    meta = dict(format="pt", torch=torch.__version__, transformers=transformers.__version__,
                generator="tests/reference/relative.py")
    save_file({k: v.contiguous() for k, v in given.items()}, f"{folder}/{name}.in.safetensors", meta)
    save_file({k: v.contiguous() for k, v in out.items()}, f"{folder}/{name}.out.safetensors", meta)
    print(name, [round(float(v), 6) for v in losses])


if __name__ == "__main__":
    for case in CASES:
        generate(case, sys.argv[1])
