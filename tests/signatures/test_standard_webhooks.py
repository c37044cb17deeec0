"""Signatures that receivers of the Standard Webhooks specification accept, and secrets that cannot be used."""

from __future__ import annotations

import base64

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from streams.signatures.standard_webhooks import read_secrets, signature_headers
from streams.wall_clock import wall_clock
from tests.notifier.alerts import outgoing_alert

PUBLISHED = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NEW = f"whsec_{base64.b64encode(b'the new secret of the shop').decode()}"


def test_the_published_example_has_the_published_signature() -> None:
    """From the tests of the reference libraries."""
    name, at = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330_000
    assert signature_headers(name, b'{"test": 2432232314}', read_secrets(PUBLISHED), at) == {
        "webhook-id": name,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_a_receiver_with_the_reference_library_accepts_an_alert() -> None:
    alert = outgoing_alert("注文-1")
    headers = signature_headers(alert.webhook_id, alert.body, read_secrets(PUBLISHED), wall_clock())
    assert Webhook(PUBLISHED).verify(alert.body, headers)["case"] == "注文-1"


def test_during_a_rotation_receivers_with_either_secret_accept_and_others_do_not() -> None:
    alert = outgoing_alert("o-1")
    headers = signature_headers(alert.webhook_id, alert.body, read_secrets(f"{NEW}\n{PUBLISHED}\n"), wall_clock())
    assert Webhook(NEW).verify(alert.body, headers) == Webhook(PUBLISHED).verify(alert.body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA==").verify(alert.body, headers)


@pytest.mark.parametrize("changed", ["webhook-id", "body"])
def test_a_request_that_was_changed_on_its_way_is_not_accepted(changed: str) -> None:
    alert = outgoing_alert("o-1")
    headers = signature_headers(alert.webhook_id, alert.body, read_secrets(PUBLISHED), wall_clock())
    body = alert.body.replace(b"o-1", b"o-2") if changed == "body" else alert.body
    headers |= {changed: "alert_2"} if changed != "body" else {}
    with pytest.raises(WebhookVerificationError):
        Webhook(PUBLISHED).verify(body, headers)


def test_spaces_and_empty_lines_around_a_secret_are_ignored() -> None:
    assert read_secrets(f"\r\n  {PUBLISHED}\t\r\n\n") == read_secrets(PUBLISHED)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds 0 secrets; write one"),
        (f"{PUBLISHED}\n{NEW}\n{PUBLISHED}", "holds 3 secrets"),
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "line 1 does not begin with whsec_"),
        (f"{PUBLISHED}\nwhsec_open sesame!", "line 2 is not base64"),
        ("whsec_c2VzYW1l", "line 1 is a secret of 6 bytes; write whsec_ and the base64 of 24 to 64 random bytes"),
        ("whsec_schlüssel", "line 1 is not base64"),
        (f"{PUBLISHED}----", "line 1 is not base64"),
    ],
)
def test_the_error_for_an_invalid_secret_does_not_quote_it(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^(holds|line)") as error:
        read_secrets(text)
    assert message in str(error.value)
    assert not [line for line in text.split() if len(line) > 6 and line in str(error.value)]
