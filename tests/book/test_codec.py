"""Cases as bytes."""

from __future__ import annotations

from base64 import b64decode

import pytest

from schemas.instants import instant
from schemas.values import pack, replace
from streams.book.codec import UnknownPolicy, decode, encode, wake_at
from streams.judging.admission import admit
from streams.judging.case import Case
from streams.judging.history import packed, packed_fact, unpacked
from streams.judging.policy import Policies
from streams.judging.settle import settle, take
from tests.histories import READY, Story, at, order, rules

RICH = order("o1").about("bag")
RICH = RICH.promised("ready", opens="12:30", due="12:40", time="12:00", at="harbour", origin="spoken")
RICH = RICH.taken_by("anna", "12:05").amended("ready", "12:10", due="13:00", by="us", channel="app")
RICH = RICH.reached("ready", "12:45").corrected("e4", "12:50", order("o1").about("bag").reached("ready", "12:35"))
RICH = RICH.withdrawn("ready", "12:55", by="customer").about("").cancelled("12:58", by="us", segment="new")


STEPS = order("o1").promised("ready", due="12:40", time="12:00").reached("ready", "12:30")
STEPS = STEPS.reached("picked_up", "12:45", quality="proxy")
ASSUMED = rules('[[policy]]\nkind = "ready"\nassumed = { starts_with = "ordered", within = "15m" }\n')
RENAMED = rules('[[policy]]\nname = "pickup"\nkind = "ready"\n')


def told(story: Story, policies: Policies = READY, now: str = "13:00") -> Case:
    """The case after a story, all of it learned at `now`."""
    case = Case()
    for fact in story.facts(policies):
        take(case, fact, policies, at(now))
        settle(case, policies, at(now))
    return case


def as_it_came(story: Story) -> Case:
    """The case after a story, each event learned when it happened."""
    case = Case()
    for event in story.told:
        now = instant(event.occurred_at)
        take(case, admit(event, READY), READY, now)
        settle(case, READY, now)
    return case


def test_a_case_with_all_that_a_case_can_have_comes_back_as_it_was() -> None:
    assert decode(encode(told(RICH)), READY) == told(RICH)


def test_a_case_of_a_till_comes_back_as_it_was() -> None:
    story = STEPS.stated("ready", due="12:50", time="12:10").amended("ready", "12:20", due="13:00", by="customer")

    assert decode(encode(told(story)), READY) == told(story)


def test_a_case_without_anything_comes_back_too() -> None:
    assert decode(encode(Case()), READY) == Case()


def test_a_case_that_comes_back_goes_on_as_if_it_had_never_been_away() -> None:
    story = RICH.denied("e6", "12:59")
    stayed, away = told(RICH), decode(encode(told(RICH)), READY)
    for case in (stayed, away):
        take(case, story.facts()[-1], READY, at("13:00"))
        settle(case, READY, at("13:00"))

    assert stayed == away


def test_state_of_a_policy_that_is_gone_names_it() -> None:
    with pytest.raises(UnknownPolicy, match="policy ready@1, which is missing"):
        decode(encode(told(RICH)), RENAMED)


def test_state_of_a_later_version_of_the_code_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="stored in version 99; this code reads versions 1 and 2"):
        decode(b"\x63" + encode(Case())[1:], READY)


def test_when_to_look_again_is_read_without_the_rest() -> None:
    waiting = told(order("o1").promised("ready", due="12:40", time="12:00"), now="12:30")

    assert wake_at(encode(waiting)) == waiting.wake_at == at("12:40:00.001")


VERSION_1 = {
    "empty": ("nAHPEAAAAAAAAADPEAAAAAAAAAAAwpCToKCgkICQkJA="),
    "rich": (
        "nAHPEAAAAAAAAADPEAAAAAAAAAAHw5ebzwAAAZzDBNYAAKJlMaNiYWegoKdoYXJib3VyoKCRlaVyZWFkeQHPAAABnMMgTUDPAAABnMMp"
        "dQCmc3Bva2VukJvPAAABnMMJaeAComUyo2JhZ6CkYW5uYaCgoJCQm88AAAGcww39wAGiZTOjYmFnonVzoKCjYXBwoJGVpXJlYWR5AQDP"
        "AAABnMM7xICnd3JpdHRlbpCbzwAAAZzDLgjgBaJlNKNiYWelcmVhZHmgoKCgkJCbzwAAAZzDMpzACaJlNaNiYWeiZTSgoKCgkJGbzwAA"
        "AZzDJOEgBaJlNKNiYWelcmVhZHmgoKCgkJCbzwAAAZzDNzCgB6JlNqNiYWeoY3VzdG9tZXKgoKCgkZWlcmVhZHkBAACnd3JpdHRlbpCb"
        "zwAAAZzDOe/ACKJlN6CidXOgoKCjbmV3kJCTp2hhcmJvdXKjYXBwo25ld5GTo2JhZ6VyZWFkec8AAAGcwyThIIGgks8AAAGcwznvwKJ1"
        "c5GTzwAAAZzDCWngo2JhZ6Rhbm5hkZmTo2JhZ6VyZWFkeQGncmVhZHlAMc8AAAGcwwTWAKZzcG9rZW6naGFyYm91cpLPAAABnMMgTUDP"
        "AAABnMMpdQCSAM8AAAGcwzvEgKCSzwAAAZzDNzCgqGN1c3RvbWVykZqTo2JhZ6VyZWFkeQGUAM8AAAGcwyl1ANL/+2wgpGFubmGUAM8A"
        "AAGcwzvEgNL/6RygpGFubmGnaGFyYm91cgTCksPDksPDkJHPAAABnMMpdQA="
    ),
    "ahead": (
        "nAHPAAABnMMgTUDPAAABnMMgTUABwpKbzwAAAZzDBNYABaJlMaCnb3JkZXJlZKRhbm5hp2hhcmJvdXKgoJCQm88AAAGcwyBNQAWiZTKg"
        "pXJlYWR5oKCgoJCQk6doYXJib3VyoKCRk6Cnb3JkZXJlZM8AAAGcwwTWAICRk88AAAGcwwTWAKCkYW5uYZGZk6ClcmVhZHkBp3JlYWR5"
        "QDHPAAABnMME1gCnYXNzdW1lZKdoYXJib3VykgDPAAABnMMSkaCSAM8AAAGcwxKRoKdvcmRlcmVkks8QAAAAAAAAAKJ1c5Gak6ClcmVh"
        "ZHkBlAPPAAABnMMSkaDApGFubmHAp2hhcmJvdXIAwpLDw5LCwpCRzwAAAZzDEpGg"
    ),
    "retracted": (
        "nAHPEAAAAAAAAADPEAAAAAAAAAACw5ObzwAAAZzDBNYAAKJlMaCgoKCgoJGVpXJlYWR5AQDPAAABnMMpdQCnd3JpdHRlbpCbzwAAAZzD"
        "LgjgBaJlMqClcmVhZHmgoKCgkJCbzwAAAZzDO8SACaJlM6CiZTGgoKCgkJCToKCgkZOgpXJlYWR5zwAAAZzDLgjggJCQkZqToKVyZWFk"
        "eQGUAs8AAAGcwyl1AM4ABJPgoMCgAcOSw8OSw8OQkA=="
    ),
}
"""Cases as version 1 of the code stored them, in base64: recorded then."""


BEFORE_SNAPSHOTS = {
    "rich": (
        "Ag8QAAAAAAAAABAAAAAAAAAAAAABnMM578AAAAGcwzvEgAAAAAcAAAAKAAABCpKjYmFnpGFubmGSlYGTo2JhZ6VyZWFkeQGZk6Ni"
        "YWelcmVhZHkBp3JlYWR5QDHPAAABnMME1gCmc3Bva2Vup2hhcmJvdXKSzwAAAZzDIE1AzwAAAZzDKXUAkgDPAAABnMM7xICgks8A"
        "AAGcwzcwoKhjdXN0b21lcoGjYmFngaVyZWFkec8AAAGcwyThIIGgks8AAAGcwznvwKJ1c5GTzwAAAZzDCWngo2JhZ6Rhbm5hk6do"
        "YXJib3Vyo2FwcKNuZXeBk6NiYWelcmVhZHkBmZQAzwAAAZzDKXUA0v/7bCCkYW5uYZQAzwAAAZzDO8SA0v/pHKCkYW5uYadoYXJi"
        "b3VyBMKSw8OSw8OQkc8AAAGcwyl1AJvPAAABnMME1gAAomUxo2JhZ6Cgp2hhcmJvdXKgoJGVpXJlYWR5Ac8AAAGcwyBNQM8AAAGc"
        "wyl1AKZzcG9rZW6Qm88AAAGcwwlp4AKiZTKjYmFnoKRhbm5hoKCgkJCbzwAAAZzDDf3AAaJlM6NiYWeidXOgoKNhcHCgkZWlcmVh"
        "ZHkBAM8AAAGcwzvEgKd3cml0dGVukJvPAAABnMMuCOAFomU0o2JhZ6VyZWFkeaCgoKCQkJvPAAABnMMynMAJomU1o2JhZ6JlNKCg"
        "oKCQkZvPAAABnMMk4SAFomU0o2JhZ6VyZWFkeaCgoKCQkJvPAAABnMM3MKAHomU2o2JhZ6hjdXN0b21lcqCgoKCRlaVyZWFkeQEA"
        "AKd3cml0dGVukJvPAAABnMM578AIomU3oKJ1c6CgoKNuZXeQkA=="
    ),
    "ahead": (
        "AgIAAAGcwyBNQAAAAZzDIE1AAAABnMMgTUAAAAAAAAAAAAAAAAIAAAAHAAAAtZKgpGFubmGSlYGToKVyZWFkeQGZk6ClcmVhZHkB"
        "p3JlYWR5QDHPAAABnMME1gCnYXNzdW1lZKdoYXJib3VykgDPAAABnMMSkaDAp29yZGVyZWTAgaCBp29yZGVyZWTPAAABnMME1gCA"
        "kZPPAAABnMME1gCgpGFubmGTp2hhcmJvdXKgoIGToKVyZWFkeQGZlAPPAAABnMMSkaDApGFubmHAp2hhcmJvdXIAwpLDw5LCwpCR"
        "zwAAAZzDEpGgm88AAAGcwwTWAAWiZTGgp29yZGVyZWSkYW5uYadoYXJib3VyoKCQkJvPAAABnMMgTUAFomUyoKVyZWFkeaCgoKCQ"
        "kA=="
    ),
    "retracted": (
        "AgEQAAAAAAAAABAAAAAAAAAAAAABnMM7xIAAAAAAAAAAAAAAAAMAAAABAAAAQ8CSlYCBoIGlcmVhZHnPAAABnMMuCOCAkJOgoKCB"
        "k6ClcmVhZHkBmZQCzwAAAZzDKXUAzgAEk+CgwKABw5LDw5LDw5CQm88AAAGcwwTWAACiZTGgoKCgoKCRlaVyZWFkeQEAzwAAAZzD"
        "KXUAp3dyaXR0ZW6Qm88AAAGcwy4I4AWiZTKgpXJlYWR5oKCgoJCQm88AAAGcwzvEgAmiZTOgomUxoKCgoJCQ"
    ),
}
"""Cases as version 2 stored them before any could be stated or known by a proxy: recorded then."""


def in_version_1() -> dict[str, tuple[Case, Policies]]:
    """The same cases, told again."""
    ahead = order("o1").ordered("12:00", at="harbour", staff="anna").reached("ready", "12:30")
    retracted = order("o1").promised("ready", due="12:40", time="12:00").reached("ready", "12:45").denied("e1", "13:00")
    return {
        "empty": (Case(), READY),
        "rich": (told(RICH), READY),
        "ahead": (told(ahead, ASSUMED, "12:16"), ASSUMED),
        "retracted": (as_it_came(retracted), READY),
    }


@pytest.mark.parametrize("name", VERSION_1)
def test_what_version_1_stored_is_read_as_the_same_case(name: str) -> None:
    case, policies = in_version_1()[name]
    stored = b64decode(VERSION_1[name])

    assert decode(stored, policies) == case
    assert wake_at(stored) == case.wake_at


@pytest.mark.parametrize("name", BEFORE_SNAPSHOTS)
def test_what_was_stored_before_there_were_snapshots_is_read_as_the_same_case_and_goes_on(name: str) -> None:
    case, policies = in_version_1()[name]
    old = decode(b64decode(BEFORE_SNAPSHOTS[name]), policies)
    assert old == replace(case, facts=old.facts)
    assert old.history == case.history

    later = order("o1").stated("ready", due="13:20", time="13:01", id="v2").reached("ready", "13:02", quality="proxy")
    for fact in later.facts(policies):
        for one in (old, case):
            take(one, fact, policies, at("13:10"))
            settle(one, policies, at("13:10"))
    assert (old.history, old.judged, old.wake_at) == (case.history, case.judged, case.wake_at)
    assert decode(encode(old), policies) == old


def test_facts_are_stored_without_what_they_do_not_say() -> None:
    [made, step, known_by_proxy] = STEPS.facts()

    assert len(packed_fact(step)) < len(pack(step)) - 2
    assert len(packed_fact(made)) < len(pack(made))
    assert packed_fact(known_by_proxy) == pack(known_by_proxy)
    assert unpacked(packed([made, step, known_by_proxy]), 3) == [made, step, known_by_proxy]


def test_what_version_1_stored_by_a_policy_that_is_gone_names_it() -> None:
    with pytest.raises(UnknownPolicy, match="policy ready@1, which is missing"):
        decode(b64decode(VERSION_1["rich"]), RENAMED)
