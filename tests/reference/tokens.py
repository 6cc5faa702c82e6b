#!/usr/bin/env python3
"""Steps of tokenizers and of BEiT on their tokens: inputs and every number that `lacuna step` must give for them.
tests/cli/step_tokens.sh compares.

    tokens.py FOLDER     writes FOLDER/NAME.in.safetensors and FOLDER/NAME.out.safetensors (tests/reference/tokens)

vq: VQ-VAE (arXiv 1711.00937) with the codebook of its appendix A.1 and VQ-VAE-2 (arXiv 1906.00446), in plain PyTorch; dvae:
Gumbel softmax with codes learned by gradient (arXiv 2102.12092), likewise. beit: transformers' BeitForMaskedImageModeling
(arXiv 2106.08254), whose labels are the vq case's codes. Networks are tiny; five AdamW steps (lr 1e-3, decay .05 on
matrices) on the same inputs.
"""
import math
import sys

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import save_file
from teacher import block_names
from transformers import BeitConfig, BeitForMaskedImageModeling

B, SIDE, PATCH, D, DEPTH, HEADS, MLP, STEPS = 3, 12, 4, 8, 2, 2, 16, 5
N, K, WIDTH, CODE = (SIDE // PATCH) ** 2, 10, 8, 5
DECAY, EPS = 0.9, 1e-2


def sincos(width, side):
    """Fixed positions of a square grid (MAE's): the column's half first."""
    omega = 1 / 10000 ** (torch.arange(width // 4, dtype=torch.float64) / (width / 4))
    line = torch.arange(side, dtype=torch.float64)
    rows, columns = [x.reshape(-1, 1) * omega for x in torch.meshgrid(line, line, indexing="ij")]
    return torch.cat([columns.sin(), columns.cos(), rows.sin(), rows.cos()], 1).float()[None]


def blocks(p, z, prefix, depth):
    for i in range(depth):
        b = f"{prefix}.{i}."
        y = F.layer_norm(z, (D,), p[b + "norm1.weight"], p[b + "norm1.bias"], 1e-6)
        qkv = F.linear(y, p[b + "attn.qkv.weight"], p[b + "attn.qkv.bias"])
        q, k, v = qkv.reshape(len(z), -1, 3, HEADS, D // HEADS).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        z = z + F.linear(y, p[b + "attn.proj.weight"], p[b + "attn.proj.bias"])
        y = F.layer_norm(z, (D,), p[b + "norm2.weight"], p[b + "norm2.bias"], 1e-6)
        y = F.gelu(F.linear(y, p[b + "mlp.fc1.weight"], p[b + "mlp.fc1.bias"]))
        z = z + F.linear(y, p[b + "mlp.fc2.weight"], p[b + "mlp.fc2.bias"])
    return z


def encode(p, x):
    z = F.conv2d(x, p["patch_embed.proj.weight"], p["patch_embed.proj.bias"], stride=PATCH).flatten(2).transpose(1, 2)
    z = blocks(p, z + p["pos_embed"], "blocks", DEPTH)
    z = F.layer_norm(z, (D,), p["norm.weight"], p["norm.bias"], 1e-6)
    return F.linear(z, p["quantizer.in.weight"], p["quantizer.in.bias"])


def decode(p, z):
    z = F.linear(z, p["decoder_embed.weight"], p["decoder_embed.bias"]) + sincos(D, SIDE // PATCH)
    z = blocks(p, z, "decoder_blocks", 1)
    z = F.layer_norm(z, (D,), p["decoder_norm.weight"], p["decoder_norm.bias"], 1e-6)
    return F.linear(z, p["decoder_pred.weight"], p["decoder_pred.bias"])


def patches(x):
    g = SIDE // PATCH
    return x.reshape(len(x), 1, g, PATCH, g, PATCH).permute(0, 2, 4, 3, 5, 1).reshape(len(x), N, -1)


def shapes(kind):
    p = {"pos_embed": (1, N, D), "patch_embed.proj.weight": (D, 1, PATCH, PATCH), "patch_embed.proj.bias": (D,)}
    for i in range(DEPTH):
        p |= block_names(i)
    wide = CODE if kind == "vq" else K
    p |= {"norm.weight": (D,), "norm.bias": (D,), "quantizer.in.weight": (wide, D), "quantizer.in.bias": (wide,)}
    if kind == "dvae":
        p["quantizer.codebook"] = (K, CODE)
    p |= {"decoder_embed.weight": (D, CODE), "decoder_embed.bias": (D,)}
    p |= {"decoder_" + k: v for k, v in block_names(0).items()}
    p |= {"decoder_norm.weight": (D,), "decoder_norm.bias": (D,), "decoder_pred.weight": (PATCH * PATCH, D),
          "decoder_pred.bias": (PATCH * PATCH,)}
    return p


def optimizer_of(p, tokens):
    decayed = [v for k, v in p.items() if v.ndim > 1 and k not in tokens]
    others = [v for k, v in p.items() if v.ndim == 1 or k in tokens]
    return torch.optim.AdamW([dict(params=decayed, weight_decay=0.05), dict(params=others, weight_decay=0.0)],
                             lr=1e-3, betas=(0.9, 0.95), eps=1e-8)


def random_weights(names):
    return {k: torch.randn(s) * 0.3 + (1 if "norm" in k and k.endswith("weight") else 0) for k, s in names.items()}


def vq_step(p, state, x, t):
    z = encode(p, x)
    codes = state["quantizer.codebook"]
    ids = torch.cdist(z.flatten(0, 1), codes).argmin(1)
    chosen = codes[ids].view_as(z)
    y = decode(p, z + (chosen - z).detach())
    terms = {"l2": F.mse_loss(y, patches(x)), "l2.1": F.mse_loss(z, chosen)}
    hot = F.one_hot(ids, K).float()
    return terms["l2"] + 0.25 * terms["l2.1"], terms, y, ids.view(B, N), (hot.sum(0), hot.T @ z.detach().flatten(0, 1))


def vq_follow(state, gathered):
    state["quantizer.count"] = DECAY * state["quantizer.count"] + (1 - DECAY) * gathered[0]
    state["quantizer.sum"] = DECAY * state["quantizer.sum"] + (1 - DECAY) * gathered[1]
    n = state["quantizer.count"].sum()
    smooth = (state["quantizer.count"] + EPS) / (n + K * EPS) * n
    state["quantizer.codebook"] = state["quantizer.sum"] / smooth[:, None]


def dvae_step(p, state, x, t):
    logits = encode(p, x)
    temperature = 1 + (0.25 - 1) * t / STEPS
    y = decode(p, F.softmax((logits + state["gumbel/0"]) / temperature, -1) @ p["quantizer.codebook"])
    q = F.log_softmax(logits, -1)
    terms = {"l2": F.mse_loss(y, patches(x)), "uniform": (math.log(K) + (q.exp() * q).sum(-1)).mean()}
    return terms["l2"] + 0.1 * terms["uniform"], terms, y, logits.argmax(-1), None


def tokenizer(kind, folder):
    torch.manual_seed(1 if kind == "vq" else 2)
    p = random_weights(shapes(kind))
    x = torch.randn(B, 1, SIDE, SIDE)
    given = {"view/0": x, "mask/0": torch.zeros(B, N)}
    if kind == "vq":
        codebook = torch.randn(K, CODE)
        state = {"quantizer.codebook": codebook, "quantizer.count": torch.rand(K) * 3 + 0.1}
        state["quantizer.sum"] = codebook * state["quantizer.count"][:, None] * 1.1
        given |= {"buffer/" + k: v.clone() for k, v in state.items()}
    else:
        state = {"gumbel/0": -torch.log(-torch.log(torch.rand(B, N, K)))}
        given |= state
    step = vq_step if kind == "vq" else dvae_step
    given |= {"param/" + k: v.clone() for k, v in p.items()}
    for v in p.values():
        v.requires_grad_()
    optimizer, out, losses, all_terms = optimizer_of(p, ("pos_embed", "quantizer.codebook")), {}, [], {}
    for t in range(STEPS):
        optimizer.zero_grad()
        loss, terms, y, ids, gathered = step(p, state, x, t)
        loss.backward()
        losses.append(loss.detach())
        for k, v in terms.items():
            all_terms.setdefault("term/" + k, []).append(v.detach())
        if t == 0:
            out |= {"prediction": y.detach(), "target": patches(x), "codes": ids.int()}
            out |= {"grad/" + k: v.grad.clone() for k, v in p.items()}
        optimizer.step()
        if gathered:
            with torch.no_grad():
                vq_follow(state, gathered)
    out |= {k: torch.stack(v) for k, v in all_terms.items()}
    out["loss"] = torch.stack(losses)
    out |= {"after/" + k: v.detach() for k, v in p.items()}
    if kind == "vq":
        out |= {"buffer_after/" + k: v for k, v in state.items()}
    save(folder, kind, given, out, losses)


def lacuna_names(model, get):
    """Of a BeitForMaskedImageModeling's tensors (values or gradients); queries, keys and values are one in Lacuna."""
    beit, e = model.beit, model.beit.embeddings
    out = {"cls_token": get(e.cls_token), "mask_token": get(e.mask_token),
           "rel_pos_bias.relative_position_bias_table": get(beit.shared_position_bias.relative_position_bias_table),
           "patch_embed.proj.weight": get(e.patch_embeddings.projection.weight),
           "patch_embed.proj.bias": get(e.patch_embeddings.projection.bias)}
    for i, layer in enumerate(beit.layers):
        a, b = layer.attention, f"blocks.{i}."
        out[b + "attn.qkv.weight"] = torch.cat([get(m.weight) for m in (a.q_proj, a.k_proj, a.v_proj)])
        out[b + "attn.q_bias"], out[b + "attn.v_bias"] = get(a.q_proj.bias), get(a.v_proj.bias)
        out[b + "ls1.gamma"], out[b + "ls2.gamma"] = get(layer.lambda_1), get(layer.lambda_2)
        for name, m in (("norm1", layer.layernorm_before), ("attn.proj", a.o_proj), ("norm2", layer.layernorm_after),
                        ("mlp.fc1", layer.mlp.fc1), ("mlp.fc2", layer.mlp.fc2)):
            out[b + name + ".weight"], out[b + name + ".bias"] = get(m.weight), get(m.bias)
    for name, m in (("norm", model.layernorm), ("decoder_pred", model.lm_head)):
        out[name + ".weight"], out[name + ".bias"] = get(m.weight), get(m.bias)
    return out


def beit(folder):
    torch.manual_seed(3)
    config = BeitConfig(vocab_size=K, hidden_size=D, num_hidden_layers=DEPTH, num_attention_heads=HEADS,
                        intermediate_size=MLP, image_size=SIDE, patch_size=PATCH, num_channels=1, layer_norm_eps=1e-6,
                        use_mask_token=True, use_absolute_position_embeddings=False, use_relative_position_bias=False,
                        use_shared_relative_position_bias=True, layer_scale_init_value=0.1, drop_path_rate=0.0,
                        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
    model = BeitForMaskedImageModeling(config).train()
    with torch.no_grad():
        for key, v in model.named_parameters():
            v.copy_(torch.randn_like(v) * 0.3 + (1 if "layernorm" in key and key.endswith("weight") else 0))
    tok = random_weights({k: v for k, v in shapes("vq").items() if not k.startswith("decoder")})
    tok["pos_embed"] = sincos(D, SIDE // PATCH)
    codebook = torch.randn(K, CODE)
    x, mask = torch.randn(B, 1, SIDE, SIDE), torch.zeros(B, N)
    for b in range(B):
        mask[b, torch.randperm(N)[:3 + 2 * b]] = 1
    with torch.no_grad():
        ids = torch.cdist(encode(tok, x).flatten(0, 1), codebook).argmin(1).view(B, N)
    given = {"view/0": x, "mask/0": mask, "buffer/tokenizer/quantizer.codebook": codebook}
    given |= {"buffer/tokenizer/" + k: v for k, v in tok.items()}
    given |= {"param/" + k: v.detach().clone() for k, v in lacuna_names(model, lambda t: t).items()}
    tokens = [model.beit.embeddings.cls_token, model.beit.embeddings.mask_token,
              model.beit.shared_position_bias.relative_position_bias_table]
    every = list(model.parameters())
    is_token = lambda v: any(v is t for t in tokens)
    optimizer = torch.optim.AdamW([dict(params=[v for v in every if v.ndim > 1 and not is_token(v)], weight_decay=0.05),
                                   dict(params=[v for v in every if v.ndim == 1 or is_token(v)], weight_decay=0.0)],
                                  lr=1e-3, betas=(0.9, 0.95), eps=1e-8)
    out, losses = {"mask": mask}, []
    for t in range(STEPS):
        optimizer.zero_grad()
        result = model(x, bool_masked_pos=mask.bool(), labels=ids[mask.bool()])
        result.loss.backward()
        losses.append(result.loss.detach())
        if t == 0:
            out |= {"prediction": result.logits.detach(), "target": ids.int()}
            out |= {"grad/" + k: v.clone() for k, v in lacuna_names(model, lambda v: v.grad).items()}
        optimizer.step()
    out["loss"] = torch.stack(losses)
    out |= {"after/" + k: v.detach().clone() for k, v in lacuna_names(model, lambda v: v).items()}
    save(folder, "beit", given, out, losses)


def save(folder, name, given, out, losses):
    meta = dict(format="pt", torch=torch.__version__, transformers=transformers.__version__,
                generator="tests/reference/tokens.py")
    save_file({k: v.contiguous() for k, v in given.items()}, f"{folder}/{name}.in.safetensors", meta)
    save_file({k: v.contiguous() for k, v in out.items()}, f"{folder}/{name}.out.safetensors", meta)
    print(name, [round(float(x), 6) for x in losses])


if __name__ == "__main__":
    torch.set_num_threads(1)
    tokenizer("vq", sys.argv[1])
    tokenizer("dvae", sys.argv[1])
    beit(sys.argv[1])
