"""The worker: asks for tasks that the energy allows, computes, contributes, reveals."""
