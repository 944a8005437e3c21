"""The axis of steps in pictures of converted networks."""


def scale_steps(ax, T, label):
    """Give axes a logarithmic scale of steps T, with a tick at each number of steps, and label them."""
    ax.set_xscale("log", base=2)
    ax.set_xticks(T, [str(steps) for steps in T])
    ax.set(xlabel="steps T", ylabel=label)
