"""The ten steps, the stages and gates of a rollout, comparison with the old channel: pure rules over plain values."""
