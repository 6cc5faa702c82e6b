"""Reference numbers for tests/train/optimizer_test.c: five steps of torch.optim.AdamW on two tensors, with
clip_grad_norm_ and a weight average, written to
train/adamw.inc. Run: python3 adamw.py > train/adamw.inc"""
import sys
import torch

torch.manual_seed(4)
n_matrix, n_vector, steps, clip, ema = (5, 7), (6,), 5, 1.5, 0.9
matrix = torch.nn.Parameter(torch.randn(n_matrix))
vector = torch.nn.Parameter(torch.randn(n_vector))
optimizer = torch.optim.AdamW([{"params": [matrix], "weight_decay": 0.05}, {"params": [vector], "weight_decay": 0.0}],
                              lr=1.0, betas=(0.9, 0.95), eps=1e-8)
rates = [0.0, 1e-3, 2e-2, 1e-2, 3e-3]


def flat():
    return torch.cat([matrix.detach().reshape(-1), vector.detach()])


def show(name, rows):
    rows = [[float(x) for x in row] for row in rows]
    print(f"static const float {name}[{len(rows)}][{len(rows[0])}] = {{")
    for row in rows:
        print("    {" + ", ".join(f"{x:.9g}f" if ("." in f"{x:.9g}" or "e" in f"{x:.9g}") else f"{x:.9g}.0f" for x in row) + "},")
    print("};")


start, average, grads, weights, averages, norms = flat(), flat().double(), [], [], [], []
for step in range(steps):
    # the third step's gradient is large, so that clipping matters there and not at the first
    scale = [0.05, 0.2, 4.0, 0.6, 0.1][step]
    matrix.grad, vector.grad = scale * torch.randn(n_matrix), scale * torch.randn(n_vector)
    grads.append(torch.cat([matrix.grad.reshape(-1), vector.grad]))
    norms.append([torch.nn.utils.clip_grad_norm_([matrix, vector], clip)])
    for group in optimizer.param_groups:
        group["lr"] = rates[step]
    optimizer.step()
    average = ema * average + (1 - ema) * flat().double()
    weights.append(flat())
    averages.append(average.clone())

print(f"/* Written by tests/reference/adamw.py with torch {torch.__version__}, Python {sys.version.split()[0]}. */")
print(f"enum {{ ADAMW_ROWS = {n_matrix[0]}, ADAMW_COLUMNS = {n_matrix[1]}, ADAMW_VECTOR = {n_vector[0]}, ADAMW_STEPS = {steps} }};")
print(f"static const double adamw_clip = {clip}, adamw_ema = {ema};")
show("adamw_rates", [rates])
show("adamw_start", [start])
show("adamw_gradients", grads)
show("adamw_norms", norms)
show("adamw_weights", weights)
show("adamw_averages", averages)
