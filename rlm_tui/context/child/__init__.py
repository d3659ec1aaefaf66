"""The child processes that read untrusted documents; nothing here imports anything of rlm_tui."""
