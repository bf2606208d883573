"""Resuming a search: its study is found by the job, which may differ from it in what does not matter."""
