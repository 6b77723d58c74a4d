"""DSSE: what is signed is what openssl and ssh-keygen verify, and the envelope carries it."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path

import mini as minis
import pytest
from debian_testing import unpacked
from hypothesis import given
from hypothesis import strategies as st
from mini import Mini, Run
from xnnkit.errors import BadEnvironment, BadInput
from xnnkit.provenance import dsse


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"no {program} here")


def ok(*command: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run([str(word) for word in command], input=stdin, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    return done


def test_the_encoding_is_that_of_the_specification() -> None:
    # The protocol's own example.
    assert dsse.pae(b"hello world", "http://example.com/HelloWorld") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


@given(st.binary(max_size=50), st.binary(max_size=50), st.text(max_size=10), st.text(max_size=10))
def test_no_two_payloads_have_one_encoding(a: bytes, b: bytes, kind: str, other: str) -> None:
    same = (a, kind) == (b, other)
    assert (dsse.pae(a, kind) == dsse.pae(b, other)) == same


@given(st.binary(max_size=200), st.binary(min_size=1, max_size=80))
def test_an_envelope_carries_payload_and_signature(payload: bytes, signature: bytes) -> None:
    content = json.loads(dsse.envelope(payload, signature, "key"))
    assert dsse.payload_of(content, "test") == payload
    assert base64.b64decode(content["signatures"][0]["sig"]) == signature
    assert content["signatures"][0]["keyid"] == "key"
    assert content["payloadType"] == "application/vnd.in-toto+json"


def test_both_alphabets_of_base64_are_read() -> None:
    payload = b"\xfb\xff\xfe"
    content = {
        "payloadType": dsse.PAYLOAD_TYPE,
        "payload": base64.urlsafe_b64encode(payload).decode(),
    }
    assert dsse.payload_of(content, "test") == payload
    with pytest.raises(BadInput):
        dsse.payload_of({**content, "payload": "***"}, "test")


@needs("openssl")
def test_openssl_signs_and_verifies_it(
    mini: Mini, statement: Path, run: Run, tmp_path: Path
) -> None:
    key, public = tmp_path / "key.pem", tmp_path / "public.pem"
    ok("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
    ok("openssl", "pkey", "-in", key, "-pubout", "-out", public)
    pae, signature, envelope = tmp_path / "pae", tmp_path / "sig", tmp_path / "envelope.json"
    assert run("provenance", "pae", statement, "-o", pae)[0] == 0
    ok("openssl", "dgst", "-sha256", "-sign", key, "-out", signature, pae)
    command = ("provenance", "envelope", statement, "--signature", signature, "--keyid", "lab")
    assert run(*command, "-o", envelope)[0] == 0
    # As a receiver would: nothing but the envelope and the public key.
    content = json.loads(envelope.read_text())
    payload = base64.b64decode(content["payload"])
    received = tmp_path / "received"
    received.write_bytes(base64.b64decode(content["signatures"][0]["sig"]))
    check = ("openssl", "dgst", "-sha256", "-verify", public, "-signature", received)
    assert b"Verified OK" in ok(*check, stdin=dsse.pae(payload)).stdout
    changed = payload.replace(b"kleidiai", b"kleidiaj", 1)
    command_ = [str(word) for word in check]
    bad = subprocess.run(command_, input=dsse.pae(changed), capture_output=True)
    assert bad.returncode != 0
    # And xnnkit reads the statement out of the envelope, and says what it did not check.
    code, _, err = run("provenance", "verify", envelope, "--out", mini.out)
    assert code == 0
    assert "signatures were not checked" in err


@pytest.fixture(scope="session")
def cosign() -> Path:
    try:
        return unpacked("cosign", ["cosign"]) / "usr" / "bin" / "cosign"
    except BadEnvironment as error:
        pytest.skip(f"no cosign: {error.what}")


def test_cosign_signs_and_verifies_it(
    cosign: Path, mini: Mini, statement: Path, run: Run, tmp_path: Path
) -> None:
    def call(*words: object) -> subprocess.CompletedProcess[str]:
        command = [str(word) for word in (cosign, *words)]
        environment = {"HOME": str(tmp_path), "COSIGN_PASSWORD": ""}
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )

    def good(*words: object) -> None:
        done = call(*words)
        assert done.returncode == 0, done.stderr

    good("generate-key-pair")
    # No public log and no time stamps: a key of one's own, and no network.
    services = [f"--no-default-{name}" for name in ("fulcio", "oidc", "rekor", "tsa")]
    good("signing-config", "create", *services, "--out", "none.json")
    bundle = tmp_path / "p.sigstore.json"
    key = ("--key", "cosign.key", "--signing-config", "none.json")
    good("attest-blob", "--statement", statement, *key, "--bundle", bundle)

    check = ("verify-blob-attestation", "--key", "cosign.pub", "--insecure-ignore-tlog")
    check += ("--type", "slsaprovenance1", "--bundle")
    subjects = json.loads(statement.read_text())["subject"]
    for subject in subjects:
        good(*check, bundle, mini.out / subject["name"])
    other = tmp_path / "other"
    other.write_bytes(b"another binary")
    refused = call(*check, bundle, other)
    assert refused.returncode != 0
    assert "digest" in refused.stderr

    content = json.loads(bundle.read_text())
    payload = base64.b64decode(content["dsseEnvelope"]["payload"])
    assert payload == statement.read_bytes()
    changed = payload.replace(b"kleidiai", b"kleidiaj")
    content["dsseEnvelope"]["payload"] = base64.b64encode(changed).decode()
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps(content))
    assert call(*check, forged, mini.out / subjects[0]["name"]).returncode != 0

    code, _, err = run("provenance", "verify", bundle, "--out", mini.out)
    assert code == 0
    assert "signatures were not checked" in err


@needs("ssh-keygen")
def test_ssh_keygen_signs_and_verifies_it(statement: Path, run: Run, tmp_path: Path) -> None:
    key = tmp_path / "key"
    ok("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", key)
    pae = tmp_path / "pae"
    assert run("provenance", "pae", statement, "-o", pae)[0] == 0
    ok("ssh-keygen", "-Y", "sign", "-f", key, "-n", "xnnkit", pae)
    public = key.with_suffix(".pub").read_text()
    allowed = tmp_path / "allowed"
    allowed.write_text(f"lab@example.org {public}")
    who = ("-I", "lab@example.org", "-n", "xnnkit", "-f", allowed)
    check = ("ssh-keygen", "-Y", "verify", *who, "-s", f"{pae}.sig")
    assert b"Good" in ok(*check, stdin=pae.read_bytes()).stdout
    words = [str(word) for word in check]
    assert subprocess.run(words, input=pae.read_bytes() + b" ", capture_output=True).returncode


def test_what_is_signed_is_the_statement_to_the_byte(statement: Path, run: Run) -> None:
    data = statement.read_bytes()
    code, out, _ = run("provenance", "pae", statement)
    assert code == 0
    assert out.encode() == b"DSSEv1 28 application/vnd.in-toto+json %d " % len(data) + data


def test_only_statements_are_signed(mini: Mini, statement: Path, run: Run, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("{}")
    assert run("provenance", "pae", wrong)[0] == 2
    signature = tmp_path / "signature"
    signature.write_bytes(b"")
    code, _, err = run("provenance", "envelope", statement, "--signature", signature)
    assert code == 2
    assert "empty" in err
    envelope = tmp_path / "envelope"
    envelope.write_bytes(dsse.envelope(statement.read_bytes(), b"x"))
    code, _, err = run("provenance", "pae", envelope)
    assert code == 2
    assert "envelope already" in err
    assert run("provenance", minis.NAME, "--out", mini.out, "-o", tmp_path / "no/where")[0] == 3


def test_a_bundle_is_read_as_the_envelope_in_it(
    mini: Mini, statement: Path, run: Run, tmp_path: Path
) -> None:
    envelope = json.loads(dsse.envelope(statement.read_bytes(), b"x"))
    bundle = tmp_path / "bundle.json"
    bundle.write_text(json.dumps({"mediaType": "x", "dsseEnvelope": envelope}))
    code, _, err = run("provenance", "verify", bundle, "--out", mini.out)
    assert code == 0
    assert "signatures were not checked" in err
