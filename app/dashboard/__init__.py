"""首页: boards read from what the stages store; no workflow of its own (M1.2)."""
