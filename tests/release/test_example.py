"""examples/module, from the released archive through a local registry: rendered, built, proved."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from release_kit import Released, Run
from xnnkit import paths

pytestmark = pytest.mark.bazel

PACKAGE = "third_party/xnnpack-2024-11"


@pytest.fixture(scope="module")
def example(released: Released, bazel: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example in which the profile was rendered by the module's own command."""
    root = tmp_path_factory.mktemp("example") / "module"
    checkout = released.checkout
    shutil.copytree(checkout / "examples" / "module", root)
    registry = released.registry
    cache = paths.cache_dir().resolve()
    (root / "user.bazelrc").write_text(
        f"common --registry=file://{registry}\n"
        f"common --repo_env=XNNKIT_CACHE={cache}\n"
        f"build --disk_cache={cache / 'bazel-disk'}\n"
    )
    render = ["render", "xnnpack-2024-11", PACKAGE, "--format", "package"]
    code, text = bazel(root, "run", "@xnnkit//tools:xnnkit", "--", *render)
    assert code == 0, text[-4000:]
    assert (root / PACKAGE / "profile.json").is_file()
    return root


def test_it_is_the_released_archive(example: Path, bazel: Run) -> None:
    code, text = bazel(example, "mod", "show_repo", "xnnkit")
    assert code == 0, text[-4000:]
    assert "http_archive" in text
    assert 'integrity = "sha256-' in text


def test_it_builds_and_runs(example: Path, bazel: Run) -> None:
    code, text = bazel(example, "build", "//...")
    assert code == 0, text[-4000:]
    qemu = shutil.which("qemu-aarch64") or shutil.which("qemu-aarch64-static") or "qemu-aarch64"
    program = [qemu, "-cpu", "max", str(example / "bazel-bin" / "layer")]
    done = subprocess.run(program, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "51 values agree\n")


def test_its_kernels_are_proved(example: Path, bazel: Run) -> None:
    code, text = bazel(example, "test", "//...")
    assert code == 0, text[-4000:]
    # The proof is one: it fails for a binary of another flavour.
    other = "--@xnnkit//rules/flavour=upstream-i8mm"
    code, text = bazel(example, "test", "--test_output=errors", other, "//...")
    assert code == 3, text[-4000:]
    assert "FAIL forbidden" in text


def test_a_profile_of_the_module_is_not_changed_in_place(example: Path, bazel: Run) -> None:
    update = ["lock", "update", "xnnpack-2024-11", "--to", "f" * 40, "--write"]
    code, text = bazel(example, "run", "@xnnkit//tools:xnnkit", "--", *update)
    assert code == 2, text[-4000:]
    assert "--output xnnpack-2024-11.toml" in text


def test_an_archive_of_other_bytes_is_refused(
    example: Path, released: Released, bazel: Run, tmp_path: Path
) -> None:
    registry = released.registry
    bad = tmp_path / "registry"
    shutil.copytree(registry, bad)
    (source,) = bad.glob("modules/xnnkit/*/source.json")
    (archive,) = registry.parent.glob("*.tar.gz")
    other = tmp_path / archive.name
    other.write_bytes(archive.read_bytes() + b"\0")
    source.write_text(source.read_text().replace(archive.as_uri(), other.as_uri()))
    root = tmp_path / "module"
    shutil.copytree(example, root, symlinks=True, ignore=shutil.ignore_patterns("bazel-*"))
    rc = (example / "user.bazelrc").read_text().replace(str(registry), str(bad))
    (root / "user.bazelrc").write_text(rc)
    code, text = bazel(root, "build", "@xnnkit//:LICENSE")
    assert code != 0
    assert "Checksum was" in text
