"""What the rollout does with ledger, catalogue and archive: facts gathered, stages moved, scenarios played, channels compared."""
