"""Models compared over the same prompts: how long the first use takes, how fast they answer, what they cost.

Models are measured one after another. Of each:

- first use: milliseconds from nothing until the first token of a first call: loading, connecting, and reading the
  prompt. That call counts in no other figure. A model whose first call fails for good is not asked again.
- memory: bytes by which this process and its children grew at most, read after each call, for models that run in it.
  What several models share (an embedder, a package) is on the account of the first of them.
- TTFT: milliseconds from the call to the first thing that the model says, thinks or calls; p50 and p99 by nearest
  rank. Of fewer than 100 calls p99 is the slowest.
- tokens/s: a call's output tokens by its whole time, from the call to its end; p50. Dividing by the time after the
  first token alone would flatter models that say everything at once.
- throughput: output tokens of all calls by the time that they took together; more than tokens/s where calls overlap.
- cost: US dollars a call, by the prices in the settings.

Tokens are counted by the endpoint; where it tells none they are estimated, and the row says so.
"""
