"""What a killed process left in the folder of uploads is gone at the next start, and nothing else."""

from __future__ import annotations

from pathlib import Path

from api.uploads import cleared


def test_a_killed_process_leaves_no_files(tmp_path: Path) -> None:
    """T9: a file that was on its way when the process died is removed; one on its way to a living one stays."""
    first = cleared(tmp_path / "uploads")
    upload = tmp_path / "uploads" / "d-half"
    upload.mkdir()
    (upload / "pipes.gpkg").write_bytes(b"half a file")
    beside = cleared(tmp_path / "uploads")
    assert upload.is_dir()
    for mark in (first, beside):
        mark.close()  # as the end of a process does, however it ends
    cleared(tmp_path / "uploads").close()
    assert not upload.exists()
