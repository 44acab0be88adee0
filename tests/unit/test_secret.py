"""A secret shows nowhere."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from dataclasses import asdict, dataclass

import msgspec
import pytest

from guard.secrets.secret import Secret, masked

VALUE = "hunter2-hunter2"


@dataclass
class Holder:
    token: Secret


def test_it_shows_as_stars_in_every_kind_of_print() -> None:
    secret = Secret(VALUE)
    shown = f"{secret} {secret!r} {secret:>10} {[secret]} {Holder(secret)} {secret!s} %s" % secret
    assert "***" in shown
    assert VALUE not in shown


def test_it_shows_as_stars_in_a_traceback_and_in_a_log(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(VALUE)
    try:
        raise ValueError(secret)
    except ValueError as error:
        trace = "".join(
            traceback.TracebackException.from_exception(error, capture_locals=True).format()
        )
    logging.getLogger("any").warning("got %s and %r", secret, {"token": secret})
    assert "***" in trace
    assert VALUE not in trace.replace("VALUE", "")
    assert VALUE not in caplog.text


def test_no_encoder_takes_it() -> None:
    for encode in (json.dumps, msgspec.json.encode, pickle.dumps):
        with pytest.raises(TypeError):
            encode(Secret(VALUE))  # type: ignore[operator]


def test_it_has_no_hash_and_no_attributes() -> None:
    with pytest.raises(TypeError):
        hash(Secret(VALUE))
    with pytest.raises(TypeError):
        vars(Secret(VALUE))


def test_it_is_equal_to_the_same_text_only() -> None:
    assert Secret("é") == Secret("é")
    assert Secret(VALUE) != Secret("other")
    assert Secret(VALUE) != VALUE


def test_a_copy_of_what_holds_it_hides_it_too() -> None:
    holder = Holder(Secret(VALUE))
    assert asdict(holder)["token"] == Secret(VALUE)
    assert VALUE not in repr(copy.deepcopy(holder))


def test_masking_takes_out_whole_values_and_each_of_their_lines() -> None:
    secrets = [Secret("first line\nsecond line\n"), Secret("first"), Secret("a")]
    text = "op: a first line is wrong: second line"
    assert masked(text, secrets) == "op: a *** is wrong: ***"
