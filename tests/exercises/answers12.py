"""Answers to lesson 12 as others would write them: unusual right ones, and plausible wrong ones."""

import torch

# 12.1


def least_by_where(operations, moved, peak, bandwidth):
    computing, moving = operations / peak, moved / bandwidth
    return torch.where(computing > moving, computing, moving).sum()


def least_by_stack(operations, moved, peak, bandwidth):
    return float(torch.stack([operations / peak, moved / bandwidth]).amax(0).sum())


def least_by_intensity(operations, moved, peak, bandwidth):
    attainable = (bandwidth * operations / moved).clamp(max=peak)
    return (operations / attainable).sum().item()


def least_in_turn(operations, moved, peak, bandwidth):
    return float((operations / peak).sum() + (moved / bandwidth).sum())


def least_at_the_peak(operations, moved, peak, bandwidth):
    return operations.sum().item() / peak


def least_of_sums(operations, moved, peak, bandwidth):
    return max(operations.sum().item() / peak, moved.sum().item() / bandwidth)


# 12.2


def line_by_lerp(noise, x, t):
    return torch.lerp(noise, x, t.view(-1, 1, 1, 1).expand_as(x)), x - noise


def line_by_einsum(noise, x, t):
    away = x - noise
    return noise + torch.einsum("n,nchw->nchw", t, away), away


def line_by_list(noise, x, t):
    points = [(1 - t[i]) * noise[i] + t[i] * x[i] for i in range(len(t))]
    return [torch.stack(points), -(noise - x)]


def line_backwards(noise, x, t):
    t = t.reshape(-1, 1, 1, 1)
    return t * noise + (1 - t) * x, x - noise


def line_to_noise(noise, x, t):
    t = t.reshape(-1, 1, 1, 1)
    return (1 - t) * noise + t * x, noise - x


def line_to_data(noise, x, t):
    t = t.reshape(-1, 1, 1, 1)
    return (1 - t) * noise + t * x, x


# 12.3


def follow_by_times(rate, x, steps):
    for t in torch.arange(steps, dtype=torch.float64) / steps:
        x = x + (rate * t + x / 2) * (1 / steps)
    return x


def follow_by_recursion(rate, x, steps):
    def after(i):
        if i == 0:
            return x
        before = after(i - 1)
        return before + (rate * (i - 1) / steps + 0.5 * before) / steps

    return after(steps)


def follow_by_sum(rate, x, steps):
    growth = 1 + 0.5 / steps
    total = x * growth**steps
    for i in range(steps):
        total = total + rate * i / steps**2 * growth ** (steps - 1 - i)
    return total


def follow_at_the_ends(rate, x, steps):
    for i in range(1, steps + 1):
        x = x + (rate * i / steps + x / 2) / steps
    return x


def follow_in_whole_steps(rate, x, steps):
    for i in range(steps):
        x = x + rate * i / steps + x / 2
    return x


def follow_without_moving(rate, x, steps):
    velocities = [rate * i / steps + x / 2 for i in range(steps)]
    return x + torch.stack(velocities).mean(0)


# 12.4


def whole_by_weights(gradients, counts):
    return (counts / counts.sum()).to(gradients.dtype) @ gradients


def whole_by_loop(gradients, counts):
    total = torch.zeros_like(gradients[0])
    for gradient, count in zip(gradients, counts.tolist(), strict=True):
        total += count * gradient
    return total / sum(counts.tolist())


def whole_by_average(gradients, counts):
    shares = counts.double() / counts.double().mean()
    return (shares[:, None] * gradients).mean(0)


def whole_by_mean(gradients, counts):
    return gradients.mean(dim=0)


def whole_by_sum(gradients, counts):
    return gradients.sum(dim=0)


def whole_by_processes(gradients, counts):
    return (counts[:, None] * gradients).mean(0)


# 12.5


def speed_up_by_seconds(step, fixed, message, bandwidth, processes):
    rounds = 2 * (processes - 1)
    many = fixed + step / processes + rounds * (message / processes) / bandwidth
    return (fixed + step) / many


def speed_up_by_inverse(step, fixed, message, bandwidth, processes):
    share = 1 / processes
    return 1 / ((step * share + fixed + 2 * (1 - share) * message / bandwidth) / (step + fixed))


def speed_up_by_tensor(step, fixed, message, bandwidth, processes):
    parts = [step / processes, fixed, 2 * message * (processes - 1) / (processes * bandwidth)]
    return (step + fixed) / torch.tensor(parts, dtype=torch.float64).sum()


def speed_up_at_best(step, fixed, message, bandwidth, processes):
    return processes * 1.0


def speed_up_without_message(step, fixed, message, bandwidth, processes):
    return (step + fixed) / (step / processes + fixed)


def speed_up_of_all(step, fixed, message, bandwidth, processes):
    sent = 2 * (processes - 1) * message / processes / bandwidth
    return (step + fixed) / ((step + fixed) / processes + sent)


RIGHT = {
    "12.1": [least_by_where, least_by_stack, least_by_intensity],
    "12.2": [line_by_lerp, line_by_einsum, line_by_list],
    "12.3": [follow_by_times, follow_by_recursion, follow_by_sum],
    "12.4": [whole_by_weights, whole_by_loop, whole_by_average],
    "12.5": [speed_up_by_seconds, speed_up_by_inverse, speed_up_by_tensor],
}

WRONG = {
    "12.1": [
        (least_in_turn, "compute first"),
        (least_at_the_peak, "wait for memory"),
        (least_of_sums, "idle time"),
    ],
    "12.2": [
        (line_backwards, "exchanged"),
        (line_to_noise, "from noise to data"),
        (line_to_data, "asks for the data itself"),
    ],
    "12.3": [
        (follow_at_the_ends, "at the end of a step"),
        (follow_in_whole_steps, "1 / steps long"),
        (follow_without_moving, "as x moves"),
    ],
    "12.4": [
        (whole_by_mean, "equal parts"),
        (whole_by_sum, "grows with the number"),
        (whole_by_processes, "number of items"),
    ],
    "12.5": [
        (speed_up_at_best, "best that could be"),
        (speed_up_without_message, "must also average"),
        (speed_up_of_all, "fixed part is not split"),
    ],
}
