from __future__ import annotations

from pathlib import Path

from nopal.authorities import host_authorities

PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def test_certificates_are_found_and_other_files_are_not(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name, text in {"b.crt": PEM, "sub/a.pem": PEM, "key.crt": "KEY", "note.txt": PEM}.items():
        (tmp_path / name).write_text(text)
    found = host_authorities([tmp_path, tmp_path / "missing"])
    assert [path.name for path in found] == ["b.crt", "a.pem"]
