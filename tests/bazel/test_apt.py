"""Mirrors come from the machine's apt, or from XNNKIT_DEBIAN_MIRROR, and from nowhere else."""

from __future__ import annotations

import pytest
from programs import Fake
from xnnkit import apt

TARGETS = """cat <<END
http://security.example/debian-security/
http://mirror.example/debian/
http://mirror.example/debian/
https://other.example/debian/

END"""


def test_apts_mirrors_are_listed_once_and_security_last(fake: Fake) -> None:
    # cat is a program, too, and this PATH has none but ours.
    fake("apt-get", TARGETS.replace("cat", "/bin/cat"))
    assert apt.mirrors() == [
        "http://mirror.example/debian/",
        "https://other.example/debian/",
        "http://security.example/debian-security/",
    ]


def test_a_machine_without_apt_has_no_mirror_and_no_settings(fake: Fake) -> None:
    assert apt.mirrors() == []
    assert apt.configuration("Acquire") == []


def test_an_apt_that_fails_has_no_mirror(fake: Fake) -> None:
    fake("apt-get", "exit 100")
    assert apt.mirrors() == []


def test_the_users_own_mirrors_are_taken_without_asking_apt(
    fake: Fake, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake("apt-get", TARGETS.replace("cat", "/bin/cat"))
    monkeypatch.setenv("XNNKIT_DEBIAN_MIRROR", "http://a.example/debian http://b.example/x//")
    assert apt.mirrors() == ["http://a.example/debian/", "http://b.example/x/"]


def test_settings_of_one_section_are_kept_as_they_are(fake: Fake) -> None:
    fake(
        "apt-config",
        """[ "$1 $2" = "dump Acquire" ] && /bin/cat <<END
Acquire "";
Acquire::http "";
Acquire::http::Proxy "http://proxy.example:1/";
Acquired::Other "1";
END""",
    )
    assert apt.configuration("Acquire") == [
        'Acquire::http "";',
        'Acquire::http::Proxy "http://proxy.example:1/";',
    ]
